import { quote } from '../lib/quote.ts'
import { mapText, Secret, type Text } from '../lib/secret.ts'

/** Handlebars passes an options object as the last argument: everything before it is ours. */
const values = (args: readonly unknown[]): readonly unknown[] => args.slice(0, -1)

const text = (value: unknown): Text =>
  value instanceof Secret ? value : typeof value === 'string' ? value : String(value)

/** A PostgreSQL string literal (documentation, "String Constants"): quotes doubled, backslashes as `E''`. */
export const sqlLiteral = (value: string): string =>
  value.includes('\\')
    ? `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${value.replaceAll("'", "''")}'`

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

/**
 * What templates may call, beside Handlebars' own `if unless each with lookup`. `default` and `defined` are
 * the only two that accept an undefined variable.
 */
export const HELPERS: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  default: (...args) => values(args).find((value) => value !== undefined && value !== null && value !== ''),
  defined: (...args) => values(args).every((value) => value !== undefined && value !== null),
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  gt: (a, b) => Number(a) > Number(b),
  gte: (a, b) => Number(a) >= Number(b),
  lt: (a, b) => Number(a) < Number(b),
  and: (...args) => values(args).every(Boolean),
  or: (...args) => values(args).some(Boolean),
  not: (value) => !value,
  in: (value, items) => list(items).includes(value),
  join: (items, separator) =>
    list(items)
      .map(String)
      .join(typeof separator === 'string' ? separator : ','),
  pluck: (items, key) => list(items).map((item) => (item as Record<string, unknown>)[String(key)]),
  first: (items) => list(items)[0],
  without: (items, ...rest) => list(items).filter((item) => !values(rest).includes(item)),
  keys: (map) => Object.keys(map as object),
  length: (items) => (typeof items === 'string' ? items : list(items)).length,
  concat: (...args) => values(args).map(String).join(''),
  list: (...args) => values(args),
  add: (a, b) => Number(a) + Number(b),
  lower: (value) => mapText(text(value), (plain) => plain.toLowerCase()),
  upper: (value) => mapText(text(value), (plain) => plain.toUpperCase()),
  replace: (value, from, to) => mapText(text(value), (plain) => plain.replaceAll(String(from), String(to))),
  shorten: (value, length) => mapText(text(value), (plain) => plain.slice(0, Number(length))),
  split: (value, separator) => String(value).split(String(separator)),
  indent: (value, spaces) =>
    mapText(text(value), (plain) => plain.replaceAll(/^(?=.)/gm, ' '.repeat(Number(spaces)))),
  json: (value) => JSON.stringify(value),
  /** A text as a YAML scalar (YAML 1.2, "Double-Quoted Style"); secrets stay secrets. */
  yaml: (value) => mapText(text(value), (plain) => JSON.stringify(plain)),
  quote: (value) => mapText(text(value), quote),
  sql: (value) => mapText(text(value), sqlLiteral),
}
