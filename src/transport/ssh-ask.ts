import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Login } from './ssh-config.ts'

/** One line of `ssh -G`. */
export interface Setting {
  readonly key: string
  readonly value: string
}

const ASK_MS = 10_000

/** What ssh itself puts there when nothing is written: no choice of the user. */
const DEFAULT_KEY = /^~\/\.ssh\/id_(?:rsa|dsa|ecdsa|ed25519|ecdsa_sk|ed25519_sk|xmss)$/
const DEFAULT_FILES = /\/\.ssh\/known_hosts \S+\/\.ssh\/known_hosts2$/

const isDefault = ({ key, value }: Setting): boolean =>
  (key === 'userknownhostsfile' && DEFAULT_FILES.test(value)) || value === ''

function withoutDefaults(all: readonly Setting[]): Setting[] {
  const keys = all.filter(({ key }) => key === 'identityfile')
  const untouched = keys.length > 1 && keys.every(({ value }) => DEFAULT_KEY.test(value))
  return all.filter((each) => !isDefault(each) && !(untouched && each.key === 'identityfile'))
}

const parse = (text: string): Setting[] =>
  text.split('\n').flatMap((line) => {
    const at = line.indexOf(' ')
    return at < 0 ? [] : [{ key: line.slice(0, at), value: line.slice(at + 1) }]
  })

/**
 * The files as one that is named: ssh reads those of the account's home, whatever HOME says. Its folder is removed
 * by the caller.
 */
function combined(files: readonly string[]): { readonly folder: string; readonly file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hactl-ssh-'))
  const file = join(folder, 'config')
  const texts = files.map((each) => {
    try {
      const text = readFileSync(each, 'utf8')
      const here = each.startsWith('/etc/') ? '/etc/ssh' : join(homedir(), '.ssh')
      return text
        .replaceAll(/(^|[\s="])~\//g, `$1${homedir()}/`)
        .replaceAll(/^(\s*include[\s=]+)(?![/~"])/gim, `$1${here}/`)
    } catch {
      return ''
    }
  })
  writeFileSync(file, texts.join('\nMatch all\n'))
  return { folder, file }
}

const known = new Map<string, readonly Setting[] | undefined>()

/**
 * What OpenSSH's client makes of ssh_config for a host, without connecting; undefined when there is no such client or it
 * finds a mistake. It runs what `Match exec` says, as it does before each connection.
 */
export function askSsh(files: readonly string[], name: string, login: Login): readonly Setting[] | undefined {
  const id = JSON.stringify([files, name, login])
  if (!known.has(id)) known.set(id, ask(files, name, login))
  return known.get(id)
}

function ask(files: readonly string[], name: string, { user, port }: Login): readonly Setting[] | undefined {
  const isOwn = files[0] === join(userInfo().homedir, '.ssh', 'config')
  const other = isOwn ? undefined : combined(files)
  try {
    const args = [
      '-G',
      ...(other ? ['-F', other.file] : []),
      ...(port === undefined ? [] : ['-p', String(port)]),
      ...(user === undefined ? [] : ['-l', user]),
      '--',
      name,
    ]
    const { status, stdout } = spawnSync('ssh', args, {
      encoding: 'utf8',
      timeout: ASK_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return status === 0 ? withoutDefaults(parse(stdout)) : undefined
  } finally {
    if (other) rmSync(other.folder, { recursive: true, force: true })
  }
}
