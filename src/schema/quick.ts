import { Secret } from '../lib/secret.ts'
import { type NameKind, nameFault } from './names.ts'

type Json = Readonly<Record<string, unknown>>
type Rule = (wanted: unknown, data: unknown, schema: Json) => boolean

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret)

const patterns = new Map<string, RegExp>()
const regex = (source: string): RegExp => {
  const known = patterns.get(source)
  if (known) return known
  const made = new RegExp(source, 'u')
  patterns.set(source, made)
  return made
}

const TYPES: Readonly<Record<string, (data: unknown) => boolean>> = {
  string: (data) => typeof data === 'string',
  integer: (data) => Number.isInteger(data),
  number: (data) => Number.isFinite(data),
  boolean: (data) => typeof data === 'boolean',
  null: (data) => data === null,
  array: Array.isArray,
  object: isRecord,
}

const always: Rule = () => true
const strings =
  (test: (wanted: never, data: string) => boolean): Rule =>
  (wanted, data) =>
    typeof data !== 'string' || test(wanted as never, data)
const numbers =
  (test: (wanted: number, data: number) => boolean): Rule =>
  (wanted, data) =>
    typeof data !== 'number' || test(wanted as number, data)
const records =
  (test: (wanted: never, data: Json, schema: Json) => boolean): Rule =>
  (wanted, data, schema) =>
    !isRecord(data) || test(wanted as never, data, schema)

/** Every keyword that is understood here; a schema with another one is left to the validator. */
const RULES: Readonly<Record<string, Rule>> = {
  description: always,
  default: always,
  title: always,
  examples: always,
  $id: always,
  $schema: always,
  else: always,
  type: (wanted, data) => [wanted].flat().some((name) => TYPES[String(name)]?.(data) ?? false),
  const: (wanted, data) => data === wanted,
  enum: (wanted, data) => (wanted as readonly unknown[]).includes(data),
  text: (_, data) => typeof data === 'string' || data instanceof Secret,
  pattern: strings((wanted: string, data) => regex(wanted).test(data)),
  kind: strings((wanted: NameKind, data) => !nameFault(wanted, data)),
  minLength: strings(
    (wanted: number, data) => data.length >= wanted * 2 || Array.from(data).length >= wanted,
  ),
  maxLength: strings((wanted: number, data) => data.length <= wanted),
  minimum: numbers((wanted, data) => data >= wanted),
  maximum: numbers((wanted, data) => data <= wanted),
  minItems: (wanted, data) => !Array.isArray(data) || data.length >= (wanted as number),
  items: (wanted, data) =>
    isRecord(wanted) && (!Array.isArray(data) || data.every((item) => isSurelyValid(wanted, item))),
  required: records((wanted: readonly string[], data) => wanted.every((key) => data[key] !== undefined)),
  minProperties: records((wanted: number, data) => Object.keys(data).length >= wanted),
  propertyNames: records((wanted: Json, data) =>
    Object.keys(data).every((key) => isSurelyValid(wanted, key)),
  ),
  properties: records((wanted: Readonly<Record<string, Json>>, data) =>
    Object.entries(wanted).every(
      ([key, schema]) => data[key] === undefined || isSurelyValid(schema, data[key]),
    ),
  ),
  additionalProperties: records((wanted: unknown, data, { properties }) => {
    const known = isRecord(properties) ? properties : {}
    const others = Object.keys(data).filter((key) => !Object.hasOwn(known, key))
    if (wanted === false) return others.length === 0
    return wanted === true || (isRecord(wanted) && others.every((key) => isSurelyValid(wanted, data[key])))
  }),
  anyOf: (wanted, data) => (wanted as readonly Json[]).some((schema) => isSurelyValid(schema, data)),
  if: (wanted, data, { else: otherwise }) => {
    if (isSurelyValid(wanted as Json, data)) return true
    return otherwise === undefined || (isRecord(otherwise) && isSurelyValid(otherwise, data))
  },
}

/**
 * True only when the data is certainly valid. False means "ask the validator", which then says what is wrong: loading
 * and compiling it costs more than a whole run with nothing to do. Secrets count as text where the schema says so,
 * nowhere else.
 */
export function isSurelyValid(schema: object, data: unknown): boolean {
  const rules = schema as Json
  return Object.entries(rules).every(([keyword, wanted]) => {
    // `if` alone may not decide by "not sure": its condition must use keywords that are all known.
    if (keyword === 'if' && !isUnderstood(wanted)) return false
    return RULES[keyword]?.(wanted, data, rules) ?? false
  })
}

const isUnderstood = (schema: unknown): boolean =>
  isRecord(schema) && Object.keys(schema).every((key) => key === 'type' || key === 'pattern')
