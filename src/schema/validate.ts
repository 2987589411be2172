import { createRequire } from 'node:module'
import type { ValidateFunction } from 'ajv'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'
import { KIND_KEYWORD, explainErrors, unfitPath } from './explain.ts'
import { type NameKind, nameFault } from './names.ts'
import { isSurelyValid } from './quick.ts'
import type { Path, Where } from './yaml.ts'

/** A JSON schema as a plain object; typebox schemas are these. */
export type Schema = Readonly<Record<string, unknown>> | object

export interface CheckContext {
  /** First part of the codes, e.g. `inventory` gives `inventory/unknown-key`. */
  readonly area: string
  readonly where: Where
  /** Where the data stands in the file that `where` knows: `['all', 'vars', 'cluster']`. Default: the root. */
  readonly at?: Path
  /** What the data is called in messages, e.g. `cluster`; default: none. */
  readonly name?: string
  /** What to write instead of an unknown key that is a word of another tool. */
  readonly foreign?: (key: string, known: readonly string[]) => string | undefined
}

/**
 * Every way in which data breaks its schema, with exact positions. Defaults are not filled in here: see `fillDefaults`.
 * The validator library is loaded on the first call, so that a run which finds its answers in the cache never pays for it.
 */
export function checkSchema(schema: Schema, data: unknown, context: CheckContext): readonly Diagnostic[] {
  if (isSurelyValid(schema, data)) return []
  const validate = compile(schema)
  if (validate(data)) return []
  return explainErrors(validate.errors ?? [], data, context)
}

/** Where data breaks its schema: the values that have the wrong form, and what is missing. */
export function unfitPaths(schema: Schema, data: unknown): readonly Path[] {
  if (isSurelyValid(schema, data)) return []
  const validate = compile(schema)
  return validate(data) ? [] : (validate.errors ?? []).flatMap((error) => unfitPath(error, data))
}

/** In how many ways data breaks its schema. */
export function countMisfits(schema: Schema, data: unknown): number {
  const validate = compile(schema)
  return validate(data) ? 0 : (validate.errors ?? []).length
}

const compiled = new WeakMap<object, ValidateFunction>()

/** The validator of a schema object; compiled once. Throws (a bug of ours) when the schema itself is wrong. */
export function compile(schema: Schema): ValidateFunction {
  const known = compiled.get(schema)
  if (known) return known
  const validate = engine().compile(schema)
  compiled.set(schema, validate)
  return validate
}

type Engine = InstanceType<typeof import('ajv').Ajv>
let shared: Engine | undefined

/** Loaded by `require`, because both packages are CommonJS: that is lazy without making every caller async. */
function engine(): Engine {
  if (shared) return shared
  const load = createRequire(import.meta.url)
  const { Ajv } = load('ajv') as typeof import('ajv')
  const addFormats = load('ajv-formats') as (ajv: Engine) => unknown
  const ajv = new Ajv({
    allErrors: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    verbose: true,
  })
  addFormats(ajv)
  ajv.addKeyword({
    keyword: TEXT_KEYWORD,
    schemaType: 'boolean',
    validate: (_: boolean, data: unknown) => typeof data === 'string' || data instanceof Secret,
    errors: false,
  })
  ajv.addKeyword({
    keyword: KIND_KEYWORD,
    schemaType: 'string',
    validate: (kind: NameKind, data: unknown) => typeof data !== 'string' || !nameFault(kind, data),
    errors: false,
  })
  shared = ajv
  return ajv
}

/** Marks a string that may also be a Secret; made by `text()` of schema/build.ts. */
export const TEXT_KEYWORD = 'text'
