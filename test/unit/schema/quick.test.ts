import fc from 'fast-check'
import { expect, test } from 'vitest'
import { playbookSchema } from '../../../src/engine/playbook-schema.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { REGISTRY } from '../../../src/modules/index.ts'
import { authoring } from '../../../src/schema/build.ts'
import { isSurelyValid } from '../../../src/schema/quick.ts'
import { compile } from '../../../src/schema/validate.ts'
import { STACKS } from '../../../src/stacks/index.ts'

type Json = Record<string, unknown>

/** Data near what a schema wants: often right, often wrong in one place. */
function near(schema: Json, depth = 0): fc.Arbitrary<unknown> {
  const odd = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(new Secret('x')),
    fc.constant('{{ x }}'),
  )
  if (depth > 4) return odd
  const anyOf = schema['anyOf'] as Json[] | undefined
  const shaped: fc.Arbitrary<unknown>[] = []
  if (anyOf) shaped.push(fc.oneof(...anyOf.map((each) => near(each, depth + 1))))
  if (Array.isArray(schema['enum'])) shaped.push(fc.constantFrom(...(schema['enum'] as unknown[])))
  if (schema['const'] !== undefined) shaped.push(fc.constant(schema['const']))
  if (schema['type'] === 'boolean') shaped.push(fc.boolean())
  if (schema['type'] === 'integer') shaped.push(fc.integer({ min: -1, max: 70000 }))
  if (typeof schema['pattern'] === 'string') shaped.push(fc.stringMatching(new RegExp(schema['pattern'])))
  if (schema['items']) shaped.push(fc.array(near(schema['items'] as Json, depth + 1), { maxLength: 3 }))
  const properties = schema['properties'] as Record<string, Json> | undefined
  if (properties) {
    const model = Object.fromEntries(
      Object.entries(properties).map(([key, each]) => [key, near(each, depth + 1)]),
    )
    shaped.push(fc.record(model, { requiredKeys: (schema['required'] as string[] | undefined) ?? [] }))
    shaped.push(fc.record({ ...model, stranger: odd }, { requiredKeys: [] }))
  }
  if (schema['else']) shaped.push(near(schema['else'] as Json, depth))
  return shaped.length === 0
    ? odd
    : fc.oneof({ weight: 6, arbitrary: fc.oneof(...shaped) }, { weight: 1, arbitrary: odd })
}

const schemas: [string, object][] = [
  ['playbook', playbookSchema],
  ...[...REGISTRY.modules].flatMap(([name, module]): [string, object][] => [
    [name, module.spec.args],
    [`${name}, as written`, authoring(module.spec.args)],
  ]),
  ...STACKS.map((stack): [string, object] => [`stack ${stack.name}`, stack.vars]),
]

test.each(schemas)('%s: what the quick check lets pass, the validator lets pass', (_, schema) => {
  const validate = compile(schema)
  const wrong: unknown[] = []
  fc.assert(
    fc.property(near(schema as Json), (data) => {
      if (isSurelyValid(schema, data) && !validate(data)) wrong.push(data)
    }),
    { numRuns: 60, seed: 7 },
  )
  expect(wrong).toEqual([])
})

test('the quick check is sure of ordinary data', () => {
  const copy = REGISTRY.modules.get('copy')?.spec.args ?? {}
  expect(isSurelyValid(copy, { path: '/etc/x', content: new Secret('y'), mode: '0600' })).toBe(true)
  expect(isSurelyValid(copy, { path: 'etc/x', content: 'y' })).toBe(false)
  expect(isSurelyValid(copy, { path: '/etc/x', content: 'y', stranger: 1 })).toBe(false)
})
