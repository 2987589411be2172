import { readFileSync } from 'node:fs'
import { homedir, hostname, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { askSsh } from './ssh-ask.ts'
import { expandHome, includedFiles, matchesPatterns, words } from './ssh-text.ts'

interface Option {
  readonly key: string
  readonly value: string
  /** `file:line`. */
  readonly at: string
}

/** One `Host` section: the options below it, in the order of the file. */
interface Section {
  /** undefined: a `Match`, about which only ssh can say whether it holds. */
  readonly patterns: readonly string[] | undefined
  readonly options: Option[]
}

export interface SshConfig {
  readonly sections: readonly Section[]
  /** What only ssh itself can read, `file:line: text`. */
  readonly unread: readonly string[]
  /** The user's file and the system's, when they are the ones ssh reads. */
  readonly files: readonly string[]
}

/** Whether a host's key must be on record: always, unless the host is new, or never. */
export type KeyPolicy = 'strict' | 'accept-new' | 'off'

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
  readonly globalKnownHostsFiles?: readonly string[]
  readonly hashKnownHosts: boolean
  readonly hostKeyAlias?: string
  readonly keyPolicy: KeyPolicy
  readonly family?: 4 | 6
  readonly bindAddress?: string
  readonly connectTimeoutMs?: number
  readonly certificateFiles: readonly string[]
  /** What stands there for this host and makes ssh connect in another way than hactl does. */
  readonly differs: readonly string[]
}

interface Parser {
  readonly sections: Section[]
  readonly unread: string[]
  readonly files: readonly string[]
  readonly baseDir: string
}

const MAX_DEPTH = 16

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function addSection(parser: Parser, key: 'host' | 'match', value: string, at: string): void {
  if (key === 'host') {
    parser.sections.push({ patterns: words(value), options: [] })
    return
  }
  const all = value.toLowerCase() === 'all'
  if (!all) parser.unread.push(`${at}: Match ${value}`)
  parser.sections.push({ patterns: all ? ['*'] : undefined, options: [] })
}

/** The included text starts inside the section of the Include line and cannot change what follows it. */
function include(parser: Parser, value: string, depth: number, at: string): void {
  const patterns = parser.sections.at(-1)?.patterns
  for (const word of words(value)) {
    if (/^~[^/]|[[%$]/.test(word)) parser.unread.push(`${at}: Include ${word}`)
    for (const name of includedFiles(word, parser.baseDir)) {
      parser.sections.push({ patterns, options: [] })
      parseInto(parser, name, depth + 1)
    }
  }
  parser.sections.push({ patterns, options: [] })
}

const OWN_TOKENS = 'dhiklLnpru%'

/** Options whose value hactl uses, and the tokens that it knows in them. */
const TOKENS: Readonly<Record<string, string>> = {
  hostname: 'h%',
  user: '',
  port: '',
  identityfile: OWN_TOKENS,
  identityagent: OWN_TOKENS,
  certificatefile: OWN_TOKENS,
  proxycommand: 'hprn%',
  proxyjump: '',
  userknownhostsfile: OWN_TOKENS,
  globalknownhostsfile: '',
  hostkeyalias: '',
}

/** Whether only ssh can tell what an option means: tokens, variables, other users' homes, escapes, canonical names. */
function isBeyond(key: string, value: string): boolean {
  if (key === 'canonicalizehostname') return !/^(?:no|none|false)$/i.test(value)
  if (key === 'port') return !/^\d+$/.test(words(value)[0] ?? '')
  const known = TOKENS[key]
  if (known === undefined) return false
  const tokens = [...value.matchAll(/%(.)/g)].map((match) => match[1] ?? '')
  return tokens.some((token) => !known.includes(token)) || /(?:^|\s)~[^/\s]|\\["' ]/.test(value)
}

function parseInto(parser: Parser, file: string, depth: number): void {
  const text = readText(file)
  if (text === undefined || depth > MAX_DEPTH) return
  for (const [index, line] of text.split('\n').entries()) {
    const match = /^\s*([A-Za-z]\w*)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line)
    if (!match) continue
    const key = (match[1] ?? '').toLowerCase()
    const value = match[2] ?? ''
    const at = `${file}:${index + 1}`
    if (key === 'host' || key === 'match') addSection(parser, key, value, at)
    else if (key === 'include') include(parser, value, depth, at)
    else {
      if (isBeyond(key, value)) parser.unread.push(`${at}: ${match[1]} ${value}`)
      parser.sections.at(-1)?.options.push({ key, value, at })
    }
  }
}

/** Reads ssh_config files in the given order (missing ones count as empty). Never fails. */
export function readSshConfig(files: readonly string[] = defaultFiles()): SshConfig {
  const parser: Parser = { sections: [], unread: [], files, baseDir: join(homedir(), '.ssh') }
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

/** For every option the first value found holds; IdentityFile and CertificateFile lines add up. */
interface Collected {
  readonly first: ReadonlyMap<string, string>
  readonly identityFiles: readonly string[]
  readonly certificateFiles: readonly string[]
}

/** The values of options in the order they count. */
export function collect(options: readonly { readonly key: string; readonly value: string }[]): Collected {
  const first = new Map<string, string>()
  for (const { key, value } of options) if (!first.has(key)) first.set(key, value)
  const all = (wanted: string): string[] =>
    options
      .filter(({ key, value }) => key === wanted && value !== 'none')
      .map(({ value }) => words(value)[0] ?? '')
  return { first, identityFiles: all('identityfile'), certificateFiles: all('certificatefile') }
}

/** Jump host or command, whichever stands first, as in ssh; `none` is neither. */
function proxyOf(first: ReadonlyMap<string, string>): Pick<HostOptions, 'proxyJump' | 'proxyCommand'> {
  const found = [...first].find(([key]) => key === 'proxyjump' || key === 'proxycommand')
  if (!found || found[1] === 'none') return {}
  return found[0] === 'proxyjump' ? { proxyJump: found[1] } : { proxyCommand: found[1] }
}

const POLICIES: Readonly<Record<string, KeyPolicy>> = {
  no: 'off',
  off: 'off',
  false: 'off',
  'accept-new': 'accept-new',
}

/** What makes ssh connect in another way and hactl does not follow; the system's own file is left aside. */
const NOT_FOLLOWED =
  /^(?:bindinterface|ciphers|kexalgorithms|macs|hostkeyalgorithms|pubkeyaccepted(?:algorithms|keytypes)|preferredauthentications|certificatefile|pkcs11provider|securitykeyprovider|knownhostscommand|verifyhostkeydns|proxyusefdpass|controlpath|remotecommand)$/

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
const defined = <T extends object>(object: T): Defined<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>

const paths = (value: string | undefined): string[] | undefined =>
  value === undefined ? undefined : words(value).map(expandHome)

const FAMILIES: Readonly<Record<string, 4 | 6>> = { inet: 4, inet6: 6 }

function hostOptions({ first, ...files }: Collected, name: string, differs: readonly string[]): HostOptions {
  const text = (key: string): string | undefined => words(first.get(key) ?? '')[0]
  const flag = (key: string): boolean => /^(?:yes|true)$/i.test(text(key) ?? '')
  const port = Number(text('port'))
  return {
    ...defined({
      hostName: text('hostname')?.replaceAll('%h', name),
      user: text('user'),
      port: port > 0 ? port : undefined,
      identityAgent: text('identityagent'),
      userKnownHostsFiles: paths(first.get('userknownhostsfile')),
      globalKnownHostsFiles: paths(first.get('globalknownhostsfile')),
      hostKeyAlias: text('hostkeyalias'),
      family: FAMILIES[text('addressfamily')?.toLowerCase() ?? ''],
      bindAddress: text('bindaddress'),
      connectTimeoutMs: seconds(text('connecttimeout')),
    }),
    ...proxyOf(first),
    ...files,
    identitiesOnly: flag('identitiesonly'),
    hashKnownHosts: flag('hashknownhosts'),
    keyPolicy: POLICIES[text('stricthostkeychecking')?.toLowerCase() ?? ''] ?? 'strict',
    differs,
  }
}

/** Who logs in where, as far as the inventory says; `Match` may ask for it. */
export interface Login {
  readonly user?: string
  readonly port?: number
}

/**
 * The options of one host, given as the user would write it after `ssh`. Where the files hold what only ssh can read,
 * it is asked (`ssh -G`); where that is not possible, what was left out is among the differences.
 */
export function optionsFor(config: SshConfig, name: string, login: Login = {}): HostOptions {
  const own = config.sections.filter(({ patterns }) => patterns && matchesPatterns(name, patterns))
  const differs = config.sections
    .filter(({ patterns }) => !patterns || matchesPatterns(name, patterns))
    .flatMap(({ options }) => options)
    .filter(({ key, value, at }) => NOT_FOLLOWED.test(key) && value !== 'none' && !at.startsWith('/etc/'))
    .map(({ key, at }) => `${key} (${at})`)
  const written = collect(own.flatMap(({ options }) => options))
  if (config.unread.length === 0) return hostOptions(written, name, differs)
  const asked = askSsh(config.files, name, login)
  return asked
    ? hostOptions(collect(asked), name, differs)
    : hostOptions(written, name, [
        ...differs,
        ...config.unread.map((each) => `${each} (ssh could not be asked)`),
      ])
}

/** Replaces tokens, variables (`${HOME}`) and a leading `~/` as ssh does; what it does not know stays. */
export function expandTokens(
  text: string,
  tokens: {
    readonly h: string
    readonly p: number
    readonly r: string
    readonly n: string
    readonly k?: string
  },
): string {
  const values: Readonly<Record<string, string>> = {
    h: tokens.h,
    p: String(tokens.p),
    r: tokens.r,
    n: tokens.n,
    d: homedir(),
    i: String(userInfo().uid),
    k: tokens.k ?? tokens.h,
    l: hostname(),
    L: hostname().replace(/\..*/s, ''),
    u: userInfo().username,
    '%': '%',
  }
  const known = text.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => process.env[name] ?? whole)
  return expandHome(known).replaceAll(/%(.)/g, (whole, key: string) => values[key] ?? whole)
}
