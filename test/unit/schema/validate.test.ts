import { expect, test } from 'vitest'
import { Secret } from '../../../src/lib/secret.ts'
import { Type } from '../../../src/lib/type.ts'
import { authoring, fillDefaults, publishable, text } from '../../../src/schema/build.ts'
import { checkSchema } from '../../../src/schema/validate.ts'
import { parseYaml } from '../../../src/schema/yaml.ts'

const schema = Type.Object({
  name: Type.String({ description: 'Name.' }),
  port: Type.Integer({ description: 'Port.', default: 5432, minimum: 1, maximum: 65_535 }),
  mode: Type.Enum(['sync', 'async'], { description: 'Mode.', default: 'sync' }),
  flag: Type.Optional(Type.Boolean({ description: 'Flag.' })),
  file_mode: Type.Optional(Type.String({ description: 'Mode of a file.', pattern: '^0[0-7]{3}$' })),
  password: Type.Optional(text({ description: 'Password.', minLength: 4 })),
  size: Type.Optional(Type.Union([Type.String(), Type.Number()], { description: 'Size.' })),
  nested: Type.Object(
    { list: Type.Array(Type.Object({ level: Type.Integer({ default: 1 }) }), { default: [] }) },
    { default: {} },
  ),
})

function problems(yaml: string, form: object = schema): readonly string[] {
  const parsed = parseYaml(yaml, 'f')
  const data = fillDefaults(form, parsed.data)
  return checkSchema(form, data, { area: 'x', where: parsed.where, name: 'top' }).map(
    ({ code, summary, hint, at }) => `${at?.line}:${at?.col} ${code} ${summary} | ${hint}`,
  )
}

test('defaults fill nested maps and the items of lists, and nothing is changed', () => {
  const data = { name: 'a', nested: { list: [{}, { level: 3 }] }, unknown: 1 }
  const before = structuredClone(data)
  expect(fillDefaults(schema, data)).toEqual({
    ...data,
    port: 5432,
    mode: 'sync',
    nested: { list: [{ level: 1 }, { level: 3 }] },
  })
  expect(data).toEqual(before)
})

test('defaults are copies: changing one value does not change the schema', () => {
  const first = fillDefaults(schema, { name: 'a' }) as { nested: { list: unknown[] } }
  first.nested.list.push(1)
  expect(fillDefaults(schema, { name: 'b' })).toMatchObject({ nested: { list: [] } })
})

test('sound data has no problems', () => {
  expect(problems('name: a\nport: 1\nflag: true\nsize: 5\n')).toEqual([])
})

test.each([
  [
    'nmae: a',
    [
      '1:1 x/missing-key top has no "name" | add "name:" (Name)',
      '1:1 x/unknown-key unknown key "nmae" in top | did you mean "name"?',
    ],
  ],
  ['name: 5', ['1:7 x/wrong-type top.name is the number 5, but must be a text | quote it: "5"']],
  [
    '{ name: a, flag: "no" }',
    ['1:18 x/wrong-type top.flag is "no", but must be true or false | write false'],
  ],
  [
    '{ name: a, port: "80" }',
    ['1:18 x/wrong-type top.port is "80", but must be a whole number | write 80 without quotes'],
  ],
  [
    '{ name: a, port: 70000 }',
    ['1:18 x/wrong-value top.port is the number 70000, which is above 65535 | Port.'],
  ],
  [
    '{ name: a, file_mode: 755 }',
    ['1:23 x/wrong-type top.file_mode is the number 755, but must be a text | quote it: "755"'],
  ],
  [
    '{ name: a, mode: snyc }',
    ['1:18 x/not-in-list top.mode is "snyc", not one of sync, async | did you mean "sync"?'],
  ],
  [
    '{ name: a, size: [1] }',
    ['1:18 x/wrong-type top.size is a list, but must be a text or a number | write a text or a number'],
  ],
  [
    '{ name: a, nested: { list: [{ level: x }] } }',
    ['1:38 x/wrong-type top.nested.list[0].level is "x", but must be a whole number | write a whole number'],
  ],
])('%s', (yaml, expected) => {
  expect(problems(yaml)).toEqual(expected)
})

const where = parseYaml('a: 1', 'f').where

test('a secret may stand where the schema says text, and nowhere else', () => {
  const secret = new Secret('long enough')
  const check = (data: object): readonly string[] =>
    checkSchema(schema, fillDefaults(schema, data), { area: 'x', where }).map((each) => each.summary)
  expect(check({ name: 'a', password: secret })).toEqual([])
  expect(check({ name: secret })).toEqual(['name is a secret (••••), but must be a text'])
})

test('a password of the wrong type is not repeated', () => {
  const [found] = problems('{ name: a, password: 12345678 }')
  expect(found).toContain('top.password is a number, but must be a text | put it in quotes')
  expect(found).not.toContain('12345678')
})

test('the authoring form takes a template for everything below the root', () => {
  const form = authoring(schema)
  const templates = 'name: "{{ n }}"\nport: "{{ p }}"\nmode: "{{ m }}"\nflag: "{{ f }}"\nnested: "{{ x }}"\n'
  expect(problems(templates, form)).toEqual([])
  expect(problems('{ name: a, port: "80" }', form)).toEqual([
    '1:18 x/wrong-type top.port is "80", but must be a whole number | write 80 without quotes',
  ])
})

test('the published form has no words of our own, and asks only for what has no default', () => {
  const published = JSON.stringify(publishable(authoring(schema)))
  expect(published).not.toContain('"text":')
  expect(publishable(schema)).toMatchObject({
    required: ['name'],
    properties: { password: { type: 'string' } },
  })
})
