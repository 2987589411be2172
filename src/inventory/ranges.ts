/** A host pattern of an inventory with its ranges written out: `pg[1:3]` → pg1, pg2, pg3. */
export interface HostNames {
  readonly names: readonly string[]
  /** `name:port`, the short form for ansible_port. */
  readonly port?: number
}

const RANGE = /\[([^\]]*)\]/

/**
 * Expands an inventory host key as Ansible does: `[1:3]`, `[01:10]` (width kept), `[a:f]`, `[1:9:2]` (step), several
 * ranges in one name. Gives a sentence when the range is wrong.
 */
export function expandHosts(key: string): HostNames | { readonly wrong: string } {
  const withPort = /^(.*[^:]):(\d+)$/.exec(key)
  const isPort =
    withPort !== null && !/\[[^\]]*$/.test(withPort[1] ?? '') && !(withPort[1] ?? '').includes('::')
  const pattern = isPort ? (withPort[1] ?? '') : key
  const names = expand(pattern)
  if (typeof names === 'string') return { wrong: names }
  return isPort ? { names, port: Number(withPort[2]) } : { names }
}

function expand(pattern: string): readonly string[] | string {
  const match = RANGE.exec(pattern)
  if (!match) return /[[\]]/.test(pattern) ? 'a bracket is not closed' : [pattern]
  const values = rangeValues(match[1] ?? '')
  if (typeof values === 'string') return values
  const head = pattern.slice(0, match.index)
  const tails = expand(pattern.slice(match.index + match[0].length))
  if (typeof tails === 'string') return tails
  return values.flatMap((value) => tails.map((tail) => `${head}${value}${tail}`))
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

function rangeValues(range: string): readonly string[] | string {
  const [first = '', last = '', step = '1', ...rest] = range.split(':')
  if (rest.length > 0 || !range.includes(':'))
    return `[${range}] is no range: write [first:last] or [first:last:step]`
  if (last === '') return `the range [${range}] has no end`
  const by = Number(step)
  if (!Number.isInteger(by) || by < 1) return `the step of [${range}] is no positive number`
  const from = first === '' ? '0' : first
  const isNumeric = /^\d+$/.test(from) && /^\d+$/.test(last)
  return isNumeric ? numbers(from, last, by, range) : letters(from, last, by, range)
}

function letters(from: string, last: string, by: number, range: string): readonly string[] | string {
  const [start, end] = [LETTERS.indexOf(from), LETTERS.indexOf(last)]
  if (from.length !== 1 || last.length !== 1 || start < 0 || end < 0) {
    return `[${range}] is neither a range of numbers nor of letters`
  }
  if (start > end) return `the range [${range}] ends before it begins`
  return LETTERS.slice(start, end + 1)
    .split('')
    .filter((_, index) => index % by === 0)
}

const MOST_HOSTS = 10_000

function numbers(from: string, last: string, by: number, range: string): readonly string[] | string {
  const [start, end] = [Number(from), Number(last)]
  if (start > end) return `the range [${range}] ends before it begins`
  if (end - start > MOST_HOSTS) return `the range [${range}] has more than ${MOST_HOSTS} hosts`
  const width = from.startsWith('0') && from.length > 1 ? from.length : 0
  if (width > 0 && width !== last.length) return `both ends of [${range}] need the same number of digits`
  const values: string[] = []
  for (let value = start; value <= end; value += by) values.push(String(value).padStart(width, '0'))
  return values
}
