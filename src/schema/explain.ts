import type { ErrorObject } from 'ajv'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { MASK, Secret } from '../lib/secret.ts'
import { isSecretPath } from '../lib/secret-names.ts'
import { suggest } from '../lib/suggest.ts'
import { type NameKind, nameFault } from './names.ts'
import type { CheckContext } from './validate.ts'
import type { Path } from './yaml.ts'

/** Our keyword for names, by what they are names of. */
export const KIND_KEYWORD = 'kind'

/** Keywords that only say that another one failed. */
const ECHOES = new Set(['if', 'anyOf', 'oneOf', 'allOf', 'not'])

/** Validator errors as diagnostics: one for each place, the most telling keyword first. */
export function explainErrors(
  errors: readonly ErrorObject[],
  data: unknown,
  context: CheckContext,
): readonly Diagnostic[] {
  const telling = errors.filter(
    (error) =>
      !ECHOES.has(error.keyword) && (error.propertyName === undefined || error.keyword === KIND_KEYWORD),
  )
  const byPlace = new Map<string, Diagnostic>()
  for (const error of telling.length > 0 ? telling : errors) {
    const path = [
      ...pathOf(error.instancePath, data),
      ...(error.propertyName === undefined ? [] : [error.propertyName]),
    ]
    const types = wantedTypes(telling, error.instancePath)
    const diagnostic = explain({ error, path, value: error.data, types, context })
    const key = JSON.stringify([
      diagnostic.at ?? path,
      error.keyword === 'required' ? diagnostic.summary : '',
    ])
    if (!byPlace.has(key)) byPlace.set(key, diagnostic)
  }
  return [...byPlace.values()]
}

/** Types that would do at a place: the alternatives of a union each report their own. */
const wantedTypes = (errors: readonly ErrorObject[], pointer: string): readonly string[] => [
  ...new Set(
    errors
      .filter((error) => error.keyword === 'type' && error.instancePath === pointer)
      .flatMap((error) => error.params['type'] as string | string[]),
  ),
]

/** A JSON pointer as keys and indexes; numbers only where the data has a list. */
function pathOf(pointer: string, data: unknown): Path {
  let value = data
  return pointer
    .split('/')
    .slice(1)
    .map((part) => {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
      const key = Array.isArray(value) ? Number(name) : name
      value = (value as Record<string | number, unknown> | undefined)?.[key]
      return key
    })
}

/** What an error leaves unknown. A key too many leaves nothing. */
export function unfitPath(
  { keyword, instancePath, params, propertyName }: ErrorObject,
  data: unknown,
): Path[] {
  const path = pathOf(instancePath, data)
  if (keyword === 'additionalProperties') return []
  if (keyword === 'propertyNames') return [[...path, String(params['propertyName'])]]
  if (keyword === 'required') return [[...path, String(params['missingProperty'])]]
  return [propertyName === undefined ? path : [...path, propertyName]]
}

interface Found {
  readonly error: ErrorObject
  readonly path: Path
  readonly value: unknown
  /** Wanted types, for the keyword `type`. */
  readonly types: readonly string[]
  readonly context: CheckContext
}

/** A path as people write it: `cluster.postgres.hba[2]`. */
export const showPath = (path: Path, root?: string): string =>
  path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    root ?? '',
  )

function explain(found: Found): Diagnostic {
  switch (found.error.keyword) {
    case 'additionalProperties':
      return unknownKey(found, String(found.error.params['additionalProperty']))
    case 'propertyNames':
      return unknownKey(found, String(found.error.params['propertyName']))
    case 'required':
      return missingKey(found, String(found.error.params['missingProperty']))
    case 'enum':
      return notInList(found, found.error.params['allowedValues'] as readonly unknown[])
    case 'const':
      return notInList(found, [found.error.params['allowedValue']])
    case 'type':
      return wrongType(found)
    case 'text':
      return wrongText(found)
    case KIND_KEYWORD:
      return wrongName(found)
    default:
      return wrongValue(found)
  }
}

/** Whether no message may repeat the value: it stands below a name that may be a secret's. */
const isHidden = ({ path }: Found): boolean => isSecretPath(path)

/** A value in a sentence, unless it may be a secret. */
const shownValue = (found: Found): string => (isHidden(found) ? 'a value' : describe(found.value))

const nameOf = ({ path, context }: Found): string => showPath(path, context.name)
const fullPath = ({ path, context }: Found): Path => [...(context.at ?? []), ...path]

function unknownKey(found: Found, key: string): Diagnostic {
  const { context, error } = found
  const parent = error.parentSchema as { properties?: Record<string, unknown> } | undefined
  const known = Object.keys(parent?.properties ?? {})
  const guess = suggest(key, known)
  const instead = context.foreign?.(key, known)
  const within = nameOf(found)
  return problem(
    `${context.area}/unknown-key`,
    `unknown key "${key}"${within === '' ? '' : ` in ${within}`}`,
    {
      at: context.where([...fullPath(found), key], 'key'),
      hint:
        instead ??
        (guess === undefined ? `known keys: ${known.toSorted().join(', ')}` : `did you mean "${guess}"?`),
    },
  )
}

function missingKey(found: Found, key: string): Diagnostic {
  const { context, error } = found
  const within = nameOf(found)
  const properties = (error.parentSchema as { properties?: Record<string, { description?: string }> })
    .properties
  const about = properties?.[key]?.description
  return problem(`${context.area}/missing-key`, `${within === '' ? 'the file' : within} has no "${key}"`, {
    at: context.where(fullPath(found), 'key'),
    hint: about === undefined ? `add "${key}:"` : `add "${key}:" (${about.replace(/\.$/, '')})`,
  })
}

function notInList(found: Found, allowed: readonly unknown[]): Diagnostic {
  const { context, value } = found
  const words = allowed.map(show)
  const hints = { at: context.where(fullPath(found)) }
  const guess = typeof value === 'string' && !isHidden(found) ? suggest(value, words) : undefined
  const summary = `${nameOf(found)} is ${shownValue(found)}, not one of ${words.join(', ')}`
  const oneOf = guess === undefined ? `write one of: ${words.join(', ')}` : `did you mean "${guess}"?`
  return problem(`${context.area}/not-in-list`, summary, {
    ...hints,
    hint: (isHidden(found) ? undefined : twinHint(value, allowed)) ?? oneOf,
  })
}

/** `version: "15"` where the number 15 is meant, or the other way round. */
function twinHint(value: unknown, allowed: readonly unknown[]): string | undefined {
  const twin = allowed.find((each) => typeof each !== typeof value && show(each) === show(value))
  if (twin === undefined) return undefined
  return typeof twin === 'string' ? `quote it: "${twin}"` : `write ${show(twin)} without quotes`
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  null: 'empty',
}

function wrongType(found: Found): Diagnostic {
  const { context, value, types } = found
  const wanted = types.map((type) => WORDS[type] ?? type).join(' or ')
  const summary = `${nameOf(found) || 'the file'} is ${shownValue(found)}, but must be ${wanted}`
  const at = context.where(fullPath(found))
  const hint = isHidden(found) ? `write ${wanted}` : typeHint(value, types)
  return problem(`${context.area}/wrong-type`, summary, { at, hint })
}

function typeHint(value: unknown, types: readonly string[]): string {
  if (value instanceof Secret) return 'write the value itself; a secret is only allowed where it stays hidden'
  const hints = types.map((type) => HINTS[type]?.(value)).filter((hint) => hint !== undefined)
  return hints[0] ?? `write ${types.map((type) => WORDS[type] ?? type).join(' or ')}`
}

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value)

const numberHint = (value: unknown): string | undefined =>
  typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? `write ${value} without quotes` : undefined

/** A value that may be a password is never repeated. */
function wrongText(found: Found): Diagnostic {
  const { context, value } = found
  const what = isScalar(value) ? WORDS[typeof value] : describe(value)
  const summary = `${nameOf(found)} is ${what}, but must be a text`
  const hint = isScalar(value) ? 'put it in quotes' : 'write a text'
  return problem(`${context.area}/wrong-type`, summary, { at: context.where(fullPath(found)), hint })
}

/** A name that the program whose file it goes into does not take. */
function wrongName(found: Found): Diagnostic {
  const { context, error, value } = found
  const isKey = error.propertyName !== undefined
  const { fault = '', allowed = '' } = nameFault(error.schema as NameKind, String(value)) ?? {}
  return problem(
    `${context.area}/name`,
    `${nameOf(found)}${isKey ? '' : ` is ${shownValue(found)}, which`} ${fault}`,
    {
      at: context.where(fullPath(found), isKey ? 'key' : 'value'),
      hint: `allowed: ${allowed}`,
    },
  )
}

/** What to write instead, by the type that is wanted. */
const HINTS: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  boolean: (value) => {
    if (/^(?:yes|on|y|true|1)$/i.test(show(value))) return 'write true'
    if (/^(?:no|off|n|false|0)$/i.test(show(value))) return 'write false'
    return 'write true or false, without quotes'
  },
  number: numberHint,
  integer: (value) => (/\./.test(show(value)) ? 'write a whole number' : numberHint(value)),
  string: (value) => (isScalar(value) ? `quote it: "${show(value)}"` : undefined),
  array: (value) =>
    isScalar(value) ? `write a list: [${show(value)}]` : 'write a list: one "- item" on each line',
  object: () => 'write a map: "key: value" lines, indented below this key',
}

function wrongValue(found: Found): Diagnostic {
  const { context, error } = found
  const schema = error.parentSchema as { description?: string; examples?: unknown[] } | undefined
  const summary = `${nameOf(found) || 'the file'} is ${shownValue(found)}, which ${constraint(error)}`
  const example = schema?.examples?.[0]
  const hint = example === undefined ? schema?.description : `for example: ${show(example)}`
  return problem(`${context.area}/wrong-value`, summary, {
    at: context.where(fullPath(found)),
    ...(hint !== undefined && { hint }),
  })
}

/** What a value breaks, in words. */
function constraint({ keyword, params, message }: ErrorObject): string {
  const limit = String(params['limit'] ?? params['multipleOf'] ?? '')
  const words: Readonly<Record<string, string>> = {
    minimum: `is below ${limit}`,
    maximum: `is above ${limit}`,
    exclusiveMinimum: `is not above ${limit}`,
    exclusiveMaximum: `is not below ${limit}`,
    multipleOf: `is no multiple of ${limit}`,
    minLength: limit === '1' ? 'must not be empty' : `is shorter than ${limit} characters`,
    maxLength: `is longer than ${limit} characters`,
    minItems: `has fewer than ${limit} items`,
    maxItems: `has more than ${limit} items`,
    minProperties: `has fewer than ${limit} keys`,
    maxProperties: `has more than ${limit} keys`,
    uniqueItems: 'holds an item twice',
    pattern: 'has the wrong form',
    format: `is no ${String(params['format'])}`,
  }
  return words[keyword] ?? message ?? 'is not allowed'
}

const show = (value: unknown): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)) ?? 'nothing'

/** A value in a sentence: `the text "x"`, `the number 5`, `a list`. Secrets stay hidden. */
export function describe(value: unknown): string {
  if (value instanceof Secret) return `a secret (${MASK})`
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'string') return `"${value.length > 60 ? `${value.slice(0, 57)}…` : value}"`
  return typeof value === 'number' ? `the number ${value}` : show(value)
}
