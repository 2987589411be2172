import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { REGISTRY } from '../../src/modules/index.ts'
import { Secret } from '../../src/lib/secret.ts'
import { fillDefaults } from '../../src/schema/build.ts'
import { compile } from '../../src/schema/validate.ts'
import { lookAtCase, readCase } from './case.ts'
import type { Case } from './case.ts'

/** Undefined fields vanish and secrets are written out, so that cases can be compared with YAML. */
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
    const has = (wanted: (each: Case) => unknown): boolean => cases.some(([, each]) => wanted(each))
    expect(cases.length).toBeGreaterThanOrEqual(3)
    expect(has((each) => (each.changes?.length ?? 0) > 0 || each.done === false)).toBe(true)
    expect(has((each) => each.changes?.length === 0 || each.done === true)).toBe(true)
    const canRefuse = entry.kind === 'module' && spec.name in REFUSES_NOTHING === false
    if (canRefuse) expect(has((each) => each.refuses ?? each.not_yet)).toBe(true)
  })

  test.each(cases)('%s', async (_, given) => {
    const validate = compile(spec.args)
    const valid = validate(fillDefaults(spec.args, given.args))
    expect(valid ? [] : validate.errors?.map((e) => `${e.instancePath} ${e.message}`)).toEqual([])
    const outcome = await lookAtCase(entry, given, false)
    if (given.refuses) return expect(outcome).toMatchObject({ refuses: given.refuses })
    if (given.not_yet) return expect(outcome.not_yet).toContain(given.not_yet)
    expect(outcome).not.toHaveProperty('refuses')
    expect(outcome).not.toHaveProperty('not_yet')
    if (given.done !== undefined) expect(outcome.done).toBe(given.done)
    else expect(plain(outcome.changes)).toEqual(plain(given.changes))
    if (given.changes?.length === 0) expect(outcome.steps).toEqual([])
    else expect(plain(outcome.steps)).toEqual(plain(given.steps ?? []))
    if (given.changes?.length) expect(given.sees_after, 'sees_after').toBeDefined()
    if (given.sees_after === undefined) return undefined
    const after = await lookAtCase(entry, given, true)
    if (given.done !== undefined) return expect(after.done).toBe(given.done_after ?? true)
    return expect(after).toMatchObject({ changes: [], steps: [] })
  })
})

/** Modules for which every state can be reached. */
const REFUSES_NOTHING: Readonly<Record<string, true>> = {}
