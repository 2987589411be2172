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

function addSection(parser: Parser, key: 'host' | 'match', value: string, at: string): void {
  if (key === 'host') {
    parser.sections.push({ patterns: words(value), options: [] })
    return
  }
  const all = value.toLowerCase() === 'all'
  if (!all) parser.notes.push(`${at}: "Match ${value}" is not supported and was left out`)
  parser.sections.push({ patterns: all ? ['*'] : undefined, options: [] })
}

/** The included text starts inside the section of the Include line and cannot change what follows it. */
function include(parser: Parser, value: string, depth: number): void {
  const patterns = parser.sections.at(-1)?.patterns
  for (const name of words(value).flatMap((word) => includedFiles(word, parser.baseDir))) {
    parser.sections.push({ patterns, options: [] })
    parseInto(parser, name, depth + 1)
  }
  parser.sections.push({ patterns, options: [] })
}

function parseInto(parser: Parser, file: string, depth: number): void {
  const text = readText(file)
  if (text === undefined || depth > MAX_DEPTH) return
  for (const [index, line] of text.split('\n').entries()) {
    const match = /^\s*([A-Za-z]\w*)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line)
    if (!match) continue
    const key = (match[1] ?? '').toLowerCase()
    const value = match[2] ?? ''
    if (key === 'host' || key === 'match') addSection(parser, key, value, `${file}:${index + 1}`)
    else if (key === 'include') include(parser, value, depth)
    else parser.sections.at(-1)?.options.push([key, value])
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

/** For every option the first value found holds; IdentityFile lines add up. */
function collect(config: SshConfig, name: string): { first: Map<string, string>; identityFiles: string[] } {
  const first = new Map<string, string>()
  const identityFiles: string[] = []
  for (const { patterns, options } of config.sections) {
    if (!patterns || !matchesPatterns(name, patterns)) continue
    for (const [key, value] of options) {
      if (key === 'identityfile') identityFiles.push(words(value)[0] ?? '')
      else if (!first.has(key)) first.set(key, value)
    }
  }
  return { first, identityFiles: identityFiles.filter((file) => file !== 'none') }
}

/** Jump host or command, whichever stands first, as in ssh; `none` is neither. */
function proxyOf(first: ReadonlyMap<string, string>): Pick<HostOptions, 'proxyJump' | 'proxyCommand'> {
  const found = [...first].find(([key]) => key === 'proxyjump' || key === 'proxycommand')
  if (!found || found[1] === 'none') return {}
  return found[0] === 'proxyjump' ? { proxyJump: found[1] } : { proxyCommand: found[1] }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
const defined = <T extends object>(object: T): Defined<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>

/** The options of one host, given as the user would write it after `ssh`. */
export function optionsFor(config: SshConfig, name: string): HostOptions {
  const { first, identityFiles } = collect(config, name)
  const text = (key: string): string | undefined => words(first.get(key) ?? '')[0]
  const flag = (key: string): boolean => text(key)?.toLowerCase() === 'yes'
  const knownHosts = first.get('userknownhostsfile')
  return {
    ...defined({
      hostName: text('hostname')?.replaceAll('%h', name),
      user: text('user'),
      port: text('port') === undefined ? undefined : Number(text('port')),
      identityAgent: text('identityagent'),
      userKnownHostsFiles: knownHosts === undefined ? undefined : words(knownHosts).map(expandHome),
      hostKeyAlias: text('hostkeyalias'),
      connectTimeoutMs: seconds(text('connecttimeout')),
    }),
    ...proxyOf(first),
    identityFiles,
    identitiesOnly: flag('identitiesonly'),
    hashKnownHosts: flag('hashknownhosts'),
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
