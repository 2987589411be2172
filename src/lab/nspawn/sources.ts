import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { HactlError, problem } from '../../diag/diagnostic.ts'

/** One Debian suite at one mirror. */
export interface Source {
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
  /** Keyring that checks it on this machine. */
  readonly signedBy?: string
}

export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

interface Stanza {
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
  readonly signedBy?: string
}

const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/).filter((word) => word !== '')

/** Reads a `sources.list`: one suite a line, options in brackets. */
export function parseList(text: string): readonly Stanza[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line)
    if (!match) return []
    const signedBy = /signed-by=(\S+)/i.exec(match[1] ?? '')?.[1]
    return [
      {
        uris: [match[2] ?? ''],
        suites: [match[3] ?? ''],
        components: words(match[4]),
        ...(signedBy ? { signedBy } : {}),
      },
    ]
  })
}

function field(block: readonly string[], name: string): string | undefined {
  const at = block.findIndex((line) => line.toLowerCase().startsWith(`${name}:`))
  if (at < 0) return undefined
  const rest = block.slice(at + 1)
  const end = rest.findIndex((line) => !/^\s/.test(line))
  return [block[at]?.slice(name.length + 1), ...rest.slice(0, end < 0 ? rest.length : end)].join('\n').trim()
}

/** Reads a `.sources` file (deb822): stanzas with URIs, Suites and Components. */
export function parseDeb822(text: string): readonly Stanza[] {
  return text.split(/\n\s*\n/).flatMap((part) => {
    const block = part.split('\n').filter((line) => !line.startsWith('#'))
    if (!words(field(block, 'types')).includes('deb') || field(block, 'enabled')?.toLowerCase() === 'no')
      return []
    const signedBy = field(block, 'signed-by')
    return [
      {
        uris: words(field(block, 'uris')),
        suites: words(field(block, 'suites')),
        components: words(field(block, 'components')),
        ...(signedBy ? { signedBy } : {}),
      },
    ]
  })
}

/** Cloud images name a local list of mirrors instead of a mirror. */
function followMirrorFile(uri: string, read: (file: string) => string): string {
  const file = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1]
  return file === undefined ? uri : (words(read(file)).find((word) => /^https?:/.test(word)) ?? uri)
}

const debianKeys = (stanza: Stanza): boolean =>
  stanza.signedBy === undefined || /debian-archive|BEGIN PGP/.test(stanza.signedBy)

/**
 * Debian's own suites among a machine's sources, moved from the machine's release to the wanted one: the
 * release, its updates and its security updates.
 */
export function pickSources(
  stanzas: readonly Stanza[],
  codename: string,
  release: string,
  read: (file: string) => string = () => '',
): readonly Source[] {
  const picked = new Map<string, Source>()
  for (const stanza of stanzas.filter(debianKeys)) {
    for (const suite of stanza.suites) {
      const kind = new RegExp(
        `^(?:${codename}|stable|oldstable|testing)(|-updates|-security|/updates)$`,
      ).exec(suite)?.[1]
      const uri = followMirrorFile(stanza.uris[0] ?? '', read).replace(/\/+$/, '')
      if (kind === undefined || !stanza.components.includes('main') || !/^https?:\/\//.test(uri)) continue
      const wanted = `${release}${kind === '/updates' ? '-security' : kind}`
      const keyring = stanza.signedBy?.startsWith('/') ? stanza.signedBy : KEYRING
      picked.set(wanted, { uri, suite: wanted, components: ['main'], signedBy: keyring })
    }
  }
  return [...picked.values()]
}

function readStanzas(): readonly Stanza[] {
  const dir = '/etc/apt/sources.list.d'
  const parts = existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : []
  return ['/etc/apt/sources.list', ...parts]
    .filter((file) => existsSync(file))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8')
      return file.endsWith('.sources') ? parseDeb822(text) : parseList(text)
    })
}

/**
 * The Debian mirrors of this machine for a release. `HACTL_LAB_MIRROR` (an URL of a Debian archive) replaces
 * them, e.g. on a machine that is not Debian.
 */
export function hostSources(release: string): readonly Source[] {
  const mirror = process.env['HACTL_LAB_MIRROR']?.replace(/\/+$/, '')
  if (mirror !== undefined && mirror !== '') {
    return [release, `${release}-updates`].map((suite) => ({
      uri: mirror,
      suite,
      components: ['main'],
      signedBy: KEYRING,
    }))
  }
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? ''
  const sources = pickSources(readStanzas(), codename, release, (file) => readFileSync(file, 'utf8'))
  if (sources.some((source) => source.suite === release)) return sources
  throw new HactlError(
    problem('lab/no-mirror', `the apt sources of this machine name no Debian mirror for ${release}`, {
      hint: 'name one: HACTL_LAB_MIRROR=http://MIRROR/debian hactl lab up',
    }),
  )
}

/** `sources.list` for building an image on this machine. */
export const buildList = (sources: readonly Source[]): string =>
  sources
    .map(
      (source) =>
        `deb [signed-by=${source.signedBy ?? KEYRING}] ${source.uri} ${source.suite} ${source.components.join(' ')}\n`,
    )
    .join('')

/** `sources.list` for a node. It speaks plain HTTP to the lab's proxy, which fetches as this machine would. */
export const nodeList = (sources: readonly Source[]): string =>
  buildList(
    sources.map((source) => ({ ...source, uri: source.uri.replace(/^https:/, 'http:'), signedBy: KEYRING })),
  )

/** Scheme and host of every mirror: all that the proxy fetches from. */
export const originsOf = (sources: readonly Source[]): readonly string[] => [
  ...new Set(sources.map((source) => new URL(source.uri).origin)),
]
