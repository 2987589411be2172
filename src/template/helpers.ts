import { isDeepStrictEqual } from 'node:util'
import { envValue, passfileField, yamlValue } from '../lib/escape.ts'
import { quote } from '../lib/quote.ts'
import { joinText, Secret, type Text } from '../lib/secret.ts'
import { hasSecret, hide, revealAll, textOf } from './text.ts'

type Helper = (...args: unknown[]) => unknown

/** A PostgreSQL string literal (documentation, "String Constants"): quotes doubled, backslashes as `E''`. */
export const sqlLiteral = (value: string): string =>
  value.includes('\\')
    ? `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${value.replaceAll("'", "''")}'`

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

/** A helper that needs the plain values: what it makes of a secret is secret again, and no number may come of one. */
const onPlain =
  (helper: Helper): Helper =>
  (...args) => {
    if (!args.some(hasSecret)) return helper(...args)
    return hide(ofSecret(() => helper(...args.map(revealAll))))
  }

/** What goes wrong with a secret is not told in the words of the helper, which may repeat it. */
function ofSecret(make: () => unknown): unknown {
  try {
    return make()
  } catch {
    throw new Error('the value of the secret does not fit this helper')
  }
}

/** The same for a helper of a text; lists and maps are refused. */
const onText = (helper: (text: string, ...rest: unknown[]) => unknown): Helper =>
  onPlain((value, ...rest) => helper(String(textOf(value)), ...rest))

const number = (value: unknown): number => {
  const found = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value)
  if (Number.isNaN(found)) throw new Error(`${JSON.stringify(value) ?? 'nothing'} is no number`)
  return found
}

const isEqual = (a: unknown, b: unknown): boolean => isDeepStrictEqual(revealAll(a), revealAll(b))
const includes = (items: readonly unknown[], value: unknown): boolean =>
  items.some((item) => isEqual(item, value))

/** What counts as nothing: an empty secret does too. */
const plain = (value: unknown): unknown => (value instanceof Secret ? value.reveal() : value)
const isBlank = (value: unknown): boolean => value === undefined || value === null || plain(value) === ''

const json = (value: unknown): string => JSON.stringify(value) ?? 'null'
const separatorOf = (value: unknown): string => (value === undefined ? ',' : String(textOf(value)))
const texts = (items: readonly unknown[]): readonly Text[] => items.map(textOf)

/**
 * What templates may call, beside Handlebars' own `if unless each with lookup`. They get their arguments alone, secrets as
 * Secret. `default` and `defined` are the only two that accept an undefined variable.
 */
export const HELPERS: Readonly<Record<string, Helper>> = {
  default: (...args) => args.find((value) => !isBlank(value)),
  defined: (...args) => args.every((value) => value !== undefined && value !== null),
  eq: isEqual,
  ne: (a, b) => !isEqual(a, b),
  gt: onPlain((a, b) => number(a) > number(b)),
  gte: onPlain((a, b) => number(a) >= number(b)),
  lt: onPlain((a, b) => number(a) < number(b)),
  lte: onPlain((a, b) => number(a) <= number(b)),
  and: (...args) => args.every((value) => Boolean(plain(value))),
  or: (...args) => args.some((value) => Boolean(plain(value))),
  not: (value) => !plain(value),
  in: (value, items) => includes(list(items), value),
  join: (items, separator) => joinText(texts(list(items)), separatorOf(separator)),
  pluck: (items, key) => list(items).map((item) => (item as Record<string, unknown>)[String(key)]),
  first: (items) => list(items)[0],
  without: (items, ...rest) => list(items).filter((item) => !includes(rest, item)),
  keys: onPlain((map) => Object.keys(map as object)),
  length: onPlain((items) => (typeof items === 'string' ? items : list(items)).length),
  concat: (...args) => joinText(texts(args)),
  list: (...args) => args,
  add: onPlain((a, b) => number(a) + number(b)),
  lower: onText((value) => value.toLowerCase()),
  upper: onText((value) => value.toUpperCase()),
  replace: onText((value, from, to) => value.replaceAll(String(textOf(from)), () => String(textOf(to)))),
  shorten: onText((value, length) => value.slice(0, number(length))),
  split: onText((value, separator) => value.split(separatorOf(separator))),
  indent: onText((value, spaces) => value.replaceAll(/^(?=.)/gm, ' '.repeat(number(spaces)))),
  json: onPlain(json),
  /** A value as YAML (1.2: JSON is YAML); a text as a double-quoted scalar. */
  yaml: onPlain(yamlValue),
  /** A value in a file of variables (systemd, shell). */
  env: onText(envValue),
  /** A field of a passfile. */
  passfile: onText(passfileField),
  quote: onText(quote),
  sql: onText(sqlLiteral),
}

/** Blocks of Handlebars that may be opened; anything else after `{{#` is a mistake. */
export const BLOCKS: ReadonlySet<string> = new Set(['if', 'unless', 'each', 'with'])
