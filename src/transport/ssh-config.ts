import { readFileSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join } from 'node:path'

/** One `Host` section: the options below it, in the order of the file. */
interface Section {
  /** undefined: never matches (a `Match` that is not `Match all`). */
  readonly patterns: readonly string[] | undefined
  readonly options: (readonly [key: string, value: string])[]
}

export interface SshConfig {
  readonly sections: readonly Section[]
  /** What was left aside, `file:line: text`. */
  readonly notes: readonly string[]
}

/** The options hactl obeys, already merged for one host. `undefined`: not in any file. */
export interface HostOptions {
  readonly hostName?: string
  readonly user?: string
  readonly port?: number
  readonly identityFiles: readonly string[]
  readonly identitiesOnly: boolean
  /** A socket, or `none`. */
  readonly identityAgent?: string
  readonly proxyJump?: string
  readonly proxyCommand?: string
  readonly userKnownHostsFiles?: readonly string[]
  readonly hashKnownHosts: boolean
  readonly hostKeyAlias?: string
  readonly connectTimeoutMs?: number
}

const expandHome = (path: string): string => (path.startsWith('~/') ? join(homedir(), path.slice(2)) : path)

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

const globToRegExp = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  )

/** Whether a name matches a list of ssh patterns: `*`, `?`, and `!` which excludes. */
export function matchesPatterns(name: string, patterns: readonly string[]): boolean {
  let matched = false
  for (const pattern of patterns) {
    const negated = pattern.startsWith('!')
    if (!globToRegExp(negated ? pattern.slice(1) : pattern).test(name)) continue
    if (negated) return false
    matched = true
  }
  return matched
}

/** The words of a value; double quotes keep spaces together. */
const words = (value: string): string[] =>
  [...value.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')

function includedFiles(pattern: string, baseDir: string): string[] {
  const expanded = expandHome(pattern)
  const path = isAbsolute(expanded) ? expanded : join(baseDir, expanded)
  if (!/[*?]/.test(basename(path))) return [path]
  try {
    const wanted = globToRegExp(basename(path))
    return readdirSync(dirname(path))
      .filter((name) => wanted.test(name))
      .sort()
      .map((name) => join(dirname(path), name))
  } catch {
    return []
  }
}

interface Parser {
  readonly sections: Section[]
  readonly notes: string[]
  readonly baseDir: string
}

const MAX_DEPTH = 16

function parseInto(parser: Parser, file: string, depth: number): void {
  const text = readText(file)
  if (text === undefined || depth > MAX_DEPTH) return
  for (const [index, line] of text.split('\n').entries()) {
    const match = /^\s*([A-Za-z]\w*)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line)
    if (!match) continue
    const key = (match[1] ?? '').toLowerCase()
    const value = match[2] ?? ''
    if (key === 'host') parser.sections.push({ patterns: words(value), options: [] })
    else if (key === 'match') {
      const all = value.toLowerCase() === 'all'
      if (!all) parser.notes.push(`${file}:${index + 1}: "Match ${value}" is not supported and was left out`)
      parser.sections.push({ patterns: all ? ['*'] : undefined, options: [] })
    } else if (key === 'include') {
      // The included text starts inside the section of the Include line and cannot change what follows it.
      const patterns = parser.sections.at(-1)?.patterns
      for (const name of words(value).flatMap((word) => includedFiles(word, parser.baseDir))) {
        parser.sections.push({ patterns, options: [] })
        parseInto(parser, name, depth + 1)
      }
      parser.sections.push({ patterns, options: [] })
    } else parser.sections.at(-1)?.options.push([key, value])
  }
}

/** Reads ssh_config files in the given order (missing ones count as empty). Never fails. */
export function readSshConfig(files: readonly string[] = defaultFiles()): SshConfig {
  const parser: Parser = { sections: [], notes: [], baseDir: join(homedir(), '.ssh') }
  for (const file of files) {
    parser.sections.push({ patterns: ['*'], options: [] })
    parseInto({ ...parser, baseDir: file.startsWith('/etc/') ? dirname(file) : parser.baseDir }, file, 0)
  }
  return parser
}

const defaultFiles = (): string[] => [join(homedir(), '.ssh', 'config'), '/etc/ssh/ssh_config']

const seconds = (value: string | undefined): number | undefined => {
  const number = Number(value)
  return value !== undefined && number > 0 ? number * 1000 : undefined
}

const none = (value: string | undefined): string | undefined => (value === 'none' ? undefined : value)

/** The options of one host as the user would write it after `ssh`: for every option the first value found holds. */
export function optionsFor(config: SshConfig, name: string): HostOptions {
  const first = new Map<string, string>()
  const identityFiles: string[] = []
  for (const { patterns, options } of config.sections) {
    if (!patterns || !matchesPatterns(name, patterns)) continue
    for (const [key, value] of options) {
      if (key === 'identityfile') identityFiles.push(words(value)[0] ?? '')
      else if (!first.has(key)) first.set(key, value)
    }
  }
  const text = (key: string): string | undefined => {
    const value = first.get(key)
    return value === undefined ? undefined : (words(value)[0] ?? '')
  }
  const knownHosts = first.get('userknownhostsfile')
  // Whichever of the two stands first wins, as in ssh.
  const proxyKey = [...first.keys()].find((key) => key === 'proxyjump' || key === 'proxycommand')
  const found = {
    hostName: text('hostname')?.replaceAll('%h', name),
    user: text('user'),
    port: text('port') === undefined ? undefined : Number(text('port')),
    identityAgent: text('identityagent'),
    proxyJump: proxyKey === 'proxyjump' ? none(text('proxyjump')) : undefined,
    proxyCommand: proxyKey === 'proxycommand' ? none(first.get('proxycommand')) : undefined,
    userKnownHostsFiles: knownHosts === undefined ? undefined : words(knownHosts).map(expandHome),
    hostKeyAlias: text('hostkeyalias'),
    connectTimeoutMs: seconds(text('connecttimeout')),
  }
  return {
    ...(Object.fromEntries(
      Object.entries(found).filter(([, value]) => value !== undefined),
    ) as Partial<HostOptions>),
    identityFiles: identityFiles.filter((file) => file !== 'none'),
    identitiesOnly: text('identitiesonly')?.toLowerCase() === 'yes',
    hashKnownHosts: text('hashknownhosts')?.toLowerCase() === 'yes',
  }
}

/** Replaces `%h %p %r %n %d %u %%` and a leading `~/` as ssh does. */
export function expandTokens(
  text: string,
  tokens: { readonly h: string; readonly p: number; readonly r: string; readonly n: string },
): string {
  const values: Readonly<Record<string, string>> = {
    h: tokens.h,
    p: String(tokens.p),
    r: tokens.r,
    n: tokens.n,
    d: homedir(),
    u: process.env['USER'] ?? tokens.r,
    '%': '%',
  }
  return expandHome(text).replaceAll(/%([hprndu%])/g, (whole, key: string) => values[key] ?? whole)
}
