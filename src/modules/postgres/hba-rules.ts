import { isIP } from 'node:net'

/** One rule of pg_hba.conf as data. */
export interface HbaRule {
  readonly type: 'local' | 'host' | 'hostssl' | 'hostnossl' | 'hostgssenc' | 'hostnogssenc'
  readonly database: string | readonly string[]
  readonly user: string | readonly string[]
  /** CIDR, host name, `samehost`, `samenet` or `all`; not for `local`. */
  readonly address?: string
  readonly method: string
  readonly options?: Readonly<Record<string, string | number | boolean>>
}

/** A rule in a file: its words with single spaces, and the line it starts on. */
export interface HbaLine {
  readonly rule: string
  readonly line: number
}

const many = (value: string | readonly string[]): string =>
  typeof value === 'string' ? value : value.map(word).join(',')

/** Quoted when it has a space, comma, hash or quote; a keyword given as text stays a keyword. */
const word = (value: string): string =>
  /^[^\s,"#]+$/.test(value) ? value : `"${value.replaceAll('"', '""')}"`

/** A rule as one line of words: what is compared and written. */
export function hbaText(rule: string | HbaRule): string {
  if (typeof rule === 'string') return tokens(rule).join(' ')
  const options = Object.entries(rule.options ?? {}).map(([key, value]) =>
    word(`${key}=${value === true ? 1 : value === false ? 0 : value}`),
  )
  return [
    rule.type,
    many(rule.database),
    many(rule.user),
    ...(rule.address === undefined ? [] : [rule.address]),
    rule.method,
    ...options,
  ].join(' ')
}

/** Words of a line: separated by blanks, with quotes kept; a comment ends it; blanks after a comma join. */
export function tokens(line: string): readonly string[] {
  const words = line.match(/#.*$|(?:"(?:[^"]|"")*"|,\s*|[^\s"#,])+/g) ?? []
  return words.filter((each) => !each.startsWith('#')).map((each) => each.replaceAll(/,\s+/g, ','))
}

/** The rules of a file, in order. A backslash at the end of a line continues it (14 and later). */
export function parseHba(text: string): readonly HbaLine[] {
  const rules: HbaLine[] = []
  let start = 0
  let joined = ''
  for (const [index, raw] of text.split('\n').entries()) {
    if (joined === '') start = index + 1
    if (raw.endsWith('\\')) {
      joined += raw.slice(0, -1)
      continue
    }
    const rule = tokens(joined + raw).join(' ')
    joined = ''
    if (rule !== '') rules.push({ rule, line: start })
  }
  return rules
}

const METHODS = new Set([
  'trust',
  'reject',
  'scram-sha-256',
  'md5',
  'password',
  'gss',
  'sspi',
  'ident',
  'peer',
  'ldap',
  'radius',
  'cert',
  'pam',
  'bsd',
  'oauth',
])
const TYPES = new Set(['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc'])
const NAMED = /^(all|samehost|samenet|\.?[A-Za-z0-9_][\w.-]*)$/

/** What is wrong with a rule, before any server has seen it; undefined when it looks right. */
export function hbaMistake(text: string): string | undefined {
  if (/[\n\r]/.test(text)) return 'it has a line break: write one rule a line'
  if ((text.replaceAll('""', '').match(/"/g) ?? []).length % 2 === 1) return 'a quote is not closed'
  const [type = '', , user, ...rest] = tokens(text)
  if (/^@|^include/.test(type)) return undefined
  if (!TYPES.has(type)) return `the connection type "${type}" is none of ${[...TYPES].join(', ')}`
  if (user === undefined) return 'it has no user'
  const mistake = type === 'local' ? undefined : addressMistake(rest)
  if (mistake !== undefined) return mistake
  return methodMistake(type, rest)
}

/** Methods that go with some kinds of connections only (hba.c, parse_hba_line). */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  peer: ['local'],
  cert: ['hostssl'],
  gss: ['host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc'],
}

function methodMistake(type: string, [method, ...options]: readonly string[]): string | undefined {
  if (method === undefined) return 'it has no method'
  if (!METHODS.has(method)) return `the method "${method}" is none of ${[...METHODS].join(', ')}`
  const only = ONLY[method]
  if (only && !only.includes(type)) return `the method ${method} is for ${only.join(', ')} alone`
  const option = options.find((each) => !/^"?[^"=]+=/.test(each))
  return option === undefined ? undefined : `"${option}" is no option: write name=value`
}

/** Takes the address, and the mask where it is a word of its own, off the front of the words. */
function addressMistake(words: string[]): string | undefined {
  const address = words.shift()
  if (address === undefined) return 'it has no address'
  const plain = address.replaceAll('"', '')
  if (NAMED.test(plain) && !/^[0-9.]+$/.test(plain)) return undefined
  const [ip = '', prefix, ...more] = plain.split('/')
  const family = isIP(ip)
  if (family === 0 || more.length > 0) {
    return `"${address}" is no address: write 10.0.0.0/24, a host name, samenet or all`
  }
  const longest = family === 6 ? 128 : 32
  if (prefix === undefined) {
    return isIP(words.shift() ?? '') === family
      ? undefined
      : `"${address}" has no prefix length: write ${ip}/${longest}`
  }
  return lengthMistake(address, prefix, longest)
}

function lengthMistake(address: string, prefix: string, longest: number): string | undefined {
  const isLength = /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest
  return isLength ? undefined : `"${address}" has no prefix length of 0 to ${longest}`
}

/** One difference between two lists of rules. */
export type HbaChange =
  | { readonly kind: 'add'; readonly rule: string; readonly before: HbaLine | undefined }
  | { readonly kind: 'remove'; readonly rule: string; readonly line: number }

/** Lengths of the longest common subsequences of all tails of the two lists. */
function commonLengths(have: readonly HbaLine[], want: readonly string[]): (i: number, j: number) => number {
  const rows = Array.from({ length: have.length + 1 }, () => new Array<number>(want.length + 1).fill(0))
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0
  for (let i = have.length - 1; i >= 0; i--) {
    const row = rows[i] ?? []
    for (let j = want.length - 1; j >= 0; j--) {
      row[j] = have[i]?.rule === want[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  return at
}

/** The fewest rules to remove and add so that `have` becomes `want` in order (longest common subsequence). */
export function hbaChanges(have: readonly HbaLine[], want: readonly string[]): readonly HbaChange[] {
  const common = commonLengths(have, want)
  const changes: HbaChange[] = []
  let i = 0
  let j = 0
  for (;;) {
    const old = have[i]
    const wanted = want[j]
    if (old === undefined && wanted === undefined) return changes
    if (old !== undefined && old.rule === wanted) {
      i++
      j++
    } else if (wanted !== undefined && (old === undefined || common(i, j + 1) >= common(i + 1, j))) {
      changes.push({ kind: 'add', rule: wanted, before: old })
      j++
    } else if (old !== undefined) {
      changes.push({ kind: 'remove', rule: old.rule, line: old.line })
      i++
    }
  }
}

const BEGIN = '# BEGIN hactl: the rules up to END come from the inventory'
const END = '# END hactl'

/** The part of a file that hactl owns: the whole, or what stands between its marks. */
export function ownedRules(text: string, whole: boolean): readonly HbaLine[] {
  if (whole) return parseHba(text)
  const lines = text.split('\n')
  const begin = lines.findIndex((line) => line.startsWith('# BEGIN hactl'))
  const end = lines.indexOf(END, begin)
  return begin < 0
    ? []
    : parseHba(text).filter(({ line }) => line > begin && line <= (end < 0 ? lines.length : end))
}

/** The new content of the file. */
export function writeHba(text: string, rules: readonly string[], whole: boolean, top: boolean): string {
  if (whole) return `${BEGIN.replace('the rules up to END', 'these rules')}\n${rules.join('\n')}\n`
  const block = [BEGIN, ...rules, END]
  const lines = text.split('\n')
  const begin = lines.findIndex((line) => line.startsWith('# BEGIN hactl'))
  if (begin >= 0) {
    const end = lines.indexOf(END, begin)
    lines.splice(begin, (end < 0 ? lines.length : end + 1) - begin, ...block)
    return lines.join('\n')
  }
  if (top) return [...block, ...lines].join('\n')
  const body = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return `${body}${block.join('\n')}\n`
}
