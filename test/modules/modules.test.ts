import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Action, Module } from '../../src/engine/module.ts'
import { REGISTRY } from '../../src/modules/index.ts'
import { Secret } from '../../src/lib/secret.ts'
import { fillDefaults } from '../../src/schema/build.ts'
import { compile } from '../../src/schema/validate.ts'
import { lookAtCase, readCase } from './case.ts'
import type { Case, Outcome } from './case.ts'

/** Undefined fields vanish and secrets are written out, so that outcomes can be compared with YAML. */
const plain = (value: unknown): unknown => {
  if (value instanceof Secret) return { secret: value.reveal() }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, each]) => [key, plain(each)] as const)
  return Object.fromEntries(entries.filter(([, each]) => each !== undefined))
}

const casesOf = (name: string): [string, Case][] => {
  const dir = join(import.meta.dirname, name)
  if (!existsSync(dir)) return []
  const files = readdirSync(dir).filter((file) => file.endsWith('.yml'))
  return files.map((file) => [file.slice(0, -4), readCase(join(dir, file))])
}

/** Descriptions that are missing, by dotted path; nested objects and the items of lists too. */
function undescribed(schema: Record<string, unknown>, path: string): string[] {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Record<string, unknown>>)
  const here = properties.filter(([, property]) => !property['description']).map(([key]) => `${path}.${key}`)
  const below = properties.flatMap(([key, property]) => undescribed(property, `${path}.${key}`))
  const items = schema['items'] ? undescribed(schema['items'] as Record<string, unknown>, `${path}[]`) : []
  return [...here, ...below, ...items]
}

/** What a case says must come out of the first look. */
function wanted({ changes, steps, refuses, not_yet, done }: Case): Outcome {
  if (refuses !== undefined) return { refuses }
  if (not_yet !== undefined) return { not_yet }
  if (done !== undefined) return { done, steps: steps ?? [] }
  return { changes: (changes ?? []) as never, steps: steps ?? [] }
}

/** The outcome in the same terms; of a reason the case may give a part. */
function found({ changes, steps, refuses, not_yet, done }: Outcome, given: Case): Outcome {
  if (refuses !== undefined) return { refuses }
  if (not_yet !== undefined) {
    const part = given.not_yet ?? not_yet
    return { not_yet: not_yet.includes(part) ? part : not_yet }
  }
  return { ...(done === undefined ? { changes: changes ?? [] } : { done }), steps: steps ?? [] }
}

const schemaErrors = (entry: Module | Action, args: Case['args']): string[] => {
  const validate = compile(entry.spec.args)
  if (validate(fillDefaults(entry.spec.args, args))) return []
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)
}

const changes = (given: Case): boolean => (given.changes?.length ?? 0) > 0 || given.done === false
const isQuiet = (given: Case): boolean => given.changes?.length === 0 || given.done === true
/** Every change is shown to be the last one; a wait alone has nothing to show. */
const needsProof = (given: Case): boolean =>
  changes(given) && !isRefused(given) && ((given.steps?.length ?? 0) > 0 || given.sees_after !== undefined)
const isRefused = (given: Case): boolean => given.refuses !== undefined || given.not_yet !== undefined

/** Modules that reach every state; actions need no refusal either. */
const REFUSES_NOTHING: readonly string[] = ['assert', 'debug']
/** Modules that refuse or let pass, and change nothing. */
const ONLY_JUDGES = ['assert', 'debug', 'postgres_rejoin', 'preflight']

describe.each([...REGISTRY.modules])('%s', (name, entry) => {
  const { spec } = entry
  const cases = casesOf(name)

  test('its schema compiles in strict mode and every argument has a description', () => {
    expect(() => compile(spec.args)).not.toThrow()
    expect(undescribed(spec.args as unknown as Record<string, unknown>, name)).toEqual([])
    expect(spec.about).toMatch(/\.$/)
    expect(spec.examples?.length, 'examples').toBeGreaterThan(0)
  })

  test('it has a case with a change, one without, and one that is refused or cannot be read yet', () => {
    const kinds = [changes, isQuiet, isRefused].map((kind) => cases.some(([, each]) => kind(each)))
    if (ONLY_JUDGES.includes(name)) kinds[0] = true
    const refusalNeeded = entry.kind === 'module' && !REFUSES_NOTHING.includes(name)
    expect(kinds).toEqual([true, true, refusalNeeded || (kinds[2] ?? false)])
    expect(cases.length).toBeGreaterThanOrEqual(refusalNeeded ? 3 : 2)
  })

  test.each(cases)('%s', async (_, given) => {
    expect(schemaErrors(entry, given.args)).toEqual([])
    expect(plain(found(await lookAtCase(entry, given, false), given))).toEqual(plain(wanted(given)))
  })

  test.each(cases.filter(([, given]) => needsProof(given)))(
    '%s: nothing is left to do after the steps',
    async (_, given) => {
      expect(given.sees_after, 'sees_after').toBeDefined()
      const after = await lookAtCase(entry, given, true)
      expect(given.done === undefined ? after : after.done).toEqual(
        given.done === undefined ? { changes: [], steps: [] } : true,
      )
    },
  )
})
