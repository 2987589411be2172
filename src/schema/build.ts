import type { TUnsafe } from 'typebox'
import type { Text } from '../lib/secret.ts'
import { Type } from '../lib/type.ts'
import { NAMES, type NameKind } from './names.ts'
import type { Schema } from './validate.ts'

interface TextOptions {
  readonly description: string
  readonly default?: string
  readonly minLength?: number
  readonly pattern?: string
}

/** A string that may be a Secret: passwords and file contents. Every other string refuses a Secret. */
export const text = (options: TextOptions): TUnsafe<Text> =>
  ({ ...options, text: true }) as unknown as TUnsafe<Text>

/** A name of a kind, by the rule of the program whose file it goes into. */
export const nameOf = (kind: NameKind, description: string, more: Readonly<Record<string, unknown>> = {}) =>
  Type.String({ description, kind, ...more })

type Json = Record<string, unknown>
const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * A copy of the data in which absent properties have their schema's default, nested ones too. Values are never
 * converted; Secrets and everything the schema does not describe are kept as they are.
 */
export function fillDefaults(schema: unknown, data: unknown): unknown {
  if (!isRecord(schema)) return data
  if (data === undefined)
    return 'default' in schema ? fillDefaults(schema, structuredClone(schema['default'])) : data
  if (Array.isArray(data)) return data.map((item: unknown) => fillDefaults(schema['items'], item))
  const properties = schema['properties']
  if (!isPlain(data)) return data
  const filled: Json = { ...data }
  if (isRecord(schema['additionalProperties'])) {
    for (const [key, value] of Object.entries(data))
      filled[key] = fillDefaults(schema['additionalProperties'], value)
  }
  for (const [key, property] of Object.entries(isRecord(properties) ? properties : {})) {
    const value = fillDefaults(property, data[key])
    if (value !== undefined) filled[key] = value
  }
  return filled
}

const isPlain = (data: unknown): data is Json =>
  isRecord(data) && Object.getPrototypeOf(data) === Object.prototype

const TEMPLATE = { type: 'string', pattern: '\\{\\{[\\s\\S]*\\}\\}' }

/** A whole template: what a list, a map or a plain string may be replaced with. */
const isFreeString = (schema: Json): boolean =>
  (schema['type'] === 'string' || schema['text'] === true) &&
  !['pattern', 'kind', 'enum', 'const', 'format', 'minLength', 'maxLength'].some((key) => key in schema)

/**
 * The authoring form of a schema: every value below the root may also be a string with a `{{ … }}` template. Editors
 * and the first check of a playbook use it; the strict one runs after rendering. if/else instead of anyOf gives one
 * error for one mistake.
 */
export function authoring(schema: Schema): Schema {
  return mapChildren(schema as Json, allowTemplate)
}

function allowTemplate(schema: unknown): unknown {
  if (!isRecord(schema)) return schema
  if (isFreeString(schema)) return schema['text'] === true ? anyScalar(schema) : schema
  const { description, default: preset, ...rest } = schema
  return {
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { default: preset }),
    if: TEMPLATE,
    else: mapChildren(rest, allowTemplate),
  }
}

/** What becomes a text once it is rendered. */
function anyScalar(schema: Json): Json {
  const rest = Object.entries(schema).filter(([key]) => key !== 'text')
  return { ...Object.fromEntries(rest), type: ['string', 'number', 'boolean'] }
}

const isTemplated = (written: unknown): boolean => typeof written === 'string' && written.includes('{{')

/**
 * Rendered arguments with numbers and booleans as their text where the schema wants a text: everywhere for contents, and
 * where a template made them for other texts. `written`: the same before it was rendered.
 */
export function fitTexts(schema: unknown, value: unknown, written: unknown): unknown {
  if (!isRecord(schema)) return value
  if (typeof value === 'number' || typeof value === 'boolean') {
    const fits = schema['text'] === true || (schema['type'] === 'string' && isTemplated(written))
    return fits ? String(value) : value
  }
  if (Array.isArray(value))
    return value.map((item, index) => fitTexts(schema['items'], item, partOf(written, index)))
  if (!isPlain(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      fitTexts(schemaOf(schema, key), item, partOf(written, key)),
    ]),
  )
}

function schemaOf({ properties, additionalProperties }: Json, key: string): unknown {
  return isRecord(properties) && Object.hasOwn(properties, key) ? properties[key] : additionalProperties
}

/** What was written for a part of a value; a template that made the whole made its parts too. */
function partOf(written: unknown, key: string | number): unknown {
  if (Array.isArray(written)) return written[Number(key)]
  return isPlain(written) ? written[key] : written
}

/** What has a default need not be written: `required` without those keys. */
function relaxRequired(schema: Json): Json {
  const { required, properties } = schema
  if (!Array.isArray(required) || !isRecord(properties)) return { ...schema }
  const left = required.filter((name) => {
    const property = properties[String(name)]
    return !(isRecord(property) && 'default' in property)
  })
  const { required: _, ...rest } = schema
  return left.length > 0 ? { ...rest, required: left } : rest
}

/** Applies a change to every direct subschema. */
function mapChildren(schema: Json, change: (schema: unknown) => unknown): Json {
  const mapped = relaxRequired(schema)
  for (const key of ['properties', 'patternProperties']) {
    const value = schema[key]
    if (isRecord(value)) {
      mapped[key] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, change(each)]))
    }
  }
  for (const key of ['items', 'additionalProperties'])
    if (isRecord(schema[key])) mapped[key] = change(schema[key])
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const value = schema[key]
    if (Array.isArray(value))
      mapped[key] = value.map((each) => (isRecord(each) ? mapChildren(each, change) : each))
  }
  return mapped
}

/** The schema as published: plain draft-07, our own keyword written as `type: string`. */
export function publishable(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(publishable)
  if (!isRecord(schema)) return schema
  const entries = Object.entries(relaxRequired(schema)).map(
    ([key, value]) => [key, publishable(value)] as const,
  )
  const plain = Object.fromEntries(entries)
  if (typeof schema['kind'] === 'string' && schema['kind'] in NAMES) {
    const { kind: _, ...known } = plain
    return { ...known, pattern: NAMES[schema['kind'] as NameKind].pattern }
  }
  if (schema['text'] !== true) return plain
  const { text: _, ...rest } = plain
  return { type: 'string', ...rest }
}
