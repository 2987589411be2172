/** What pg_settings says of a setting's kind; enough to compare two spellings of a value. */
export interface ValueKind {
  readonly vartype: 'bool' | 'integer' | 'real' | 'enum' | 'string'
  /** `8kB`, `16MB`, `ms`, `s`, `min`, or null. It changes with the version: min_wal_size is `16MB` up to 10, `MB` later. */
  readonly unit: string | null
}

/** Bytes of PostgreSQL's memory units (case matters) and microseconds of its time units. */
const MEMORY: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
}
const TIME: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1e3,
  s: 1e6,
  min: 6e7,
  h: 3.6e9,
  d: 8.64e10,
}

/** A number as strtol and strtod read it: `0x1F` and `0777` (octal) for integers, `1.5e3` for reals. */
const NUMBER = /^([+-]?(?:0x[0-9a-f]+|\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?))\s*([A-Za-z]*)$/i

function numberOf(digits: string): number {
  if (/^[+-]?0[0-7]+$/.test(digits)) {
    return (digits.startsWith('-') ? -1 : 1) * Number.parseInt(digits.replace(/^[+-]/, ''), 8)
  }
  return Number(digits)
}

/** How many bytes or microseconds one base unit is: `8kB` → 8192. */
function baseOf(unit: string): { readonly scale: Readonly<Record<string, number>>; readonly size: number } {
  const match = /^(\d*)([A-Za-z]+)$/.exec(unit)
  const scale = (match?.[2] ?? '') in MEMORY ? MEMORY : TIME
  return { scale, size: Number(match?.[1] || 1) * (scale[match?.[2] ?? ''] ?? Number.NaN) }
}

/** A numeric value in the base unit of its setting; NaN when it cannot be read. Pure. */
export function numberIn(value: string, kind: ValueKind): number {
  const match = NUMBER.exec(value.trim())
  if (!match) return Number.NaN
  const amount = numberOf(match[1] ?? '')
  const round = kind.vartype === 'integer' ? Math.round : (x: number): number => x
  if (!match[2]) return round(amount)
  if (kind.unit === null) return Number.NaN
  const { scale, size } = baseOf(kind.unit)
  return round((amount * (scale[match[2]] ?? Number.NaN)) / size)
}

/** Bytes of a value of a memory setting, whose base unit is `unit` (`8kB`); undefined when it cannot be read. Pure. */
export function bytesOf(value: string, unit: string): number | undefined {
  const amount = numberIn(value, { vartype: 'integer', unit })
  return Number.isNaN(amount) ? undefined : amount * baseOf(unit).size
}

/** Bytes or microseconds of a value with a unit, where the setting's kind is not known. */
function guess(value: string): string {
  const match = NUMBER.exec(value.trim())
  if (!match) return value
  const [, digits = '', unit = ''] = match
  const amount = numberOf(digits)
  if (unit === '') return String(amount)
  const bytes = MEMORY[unit]
  const micros = TIME[unit]
  if (bytes !== undefined) return `${amount * bytes} bytes`
  return micros === undefined ? value : `${amount * micros} us`
}

/** Reads a boolean as PostgreSQL does: any case, any unique prefix of true, false, yes, no, on, off; 1 and 0. */
export function parseBool(text: string): boolean | undefined {
  const word = text.trim().toLowerCase()
  if (word === '' || word === 'o') return undefined
  if (word === '1' || ['true', 'yes', 'on'].some((full) => full.startsWith(word))) return true
  if (word === '0' || ['false', 'no', 'off'].some((full) => full.startsWith(word))) return false
  return undefined
}

/** Enum values that have two names (their `options` in the server's source). */
const ENUM_ALIASES: Readonly<Record<string, string>> = {
  true: 'on',
  yes: 'on',
  1: 'on',
  false: 'off',
  no: 'off',
  0: 'off',
  hot_standby: 'replica',
  archive: 'replica',
}

const enumWord = (value: string): string => {
  const word = value.trim().toLowerCase()
  return ENUM_ALIASES[word] ?? word
}

/** Lists such as shared_preload_libraries are the same with or without spaces after the commas. */
const listText = (value: string): string => value.replaceAll(/\s*,\s*/g, ', ').trim()

/** Whether two spellings are one value of a setting; without its kind only what looks alike counts as equal. */
export function sameValue(a: string, b: string, kind?: ValueKind): boolean {
  if (a === b) return true
  switch (kind?.vartype) {
    case 'bool':
      return sameBool(a, b)
    case 'integer':
    case 'real':
      return sameNumber(numberIn(a, kind), numberIn(b, kind))
    case 'enum':
      return enumWord(a) === enumWord(b)
    case 'string':
      return listText(a) === listText(b)
    case undefined:
      return sameBool(a, b) || listText(a) === listText(b) || guess(a) === guess(b)
  }
}

const sameBool = (a: string, b: string): boolean => {
  const value = parseBool(a)
  return value !== undefined && value === parseBool(b)
}

const sameNumber = (a: number, b: number): boolean =>
  a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b))

/** A YAML value as the text of a setting: `true` is `on`. */
export const settingText = (value: string | number | boolean): string =>
  typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)
