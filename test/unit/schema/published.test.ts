import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { checkSchema, compile } from '../../../src/schema/validate.ts'
import { parseYaml } from '../../../src/schema/yaml.ts'
import { STACKS } from '../../../src/stacks/index.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const read = (name: string): object =>
  JSON.parse(readFileSync(join(ROOT, 'schemas', `${name}.schema.json`), 'utf8')) as object

const names = ['inventory', 'vars', 'playbook', 'status', 'drill', ...STACKS.map((stack) => stack.name)]
// A schema has an identity: the validator takes the same one once.
const schemas = new Map(names.map((name) => [name, read(name)]))
const published = (name: string): object => schemas.get(name) ?? {}

const shipped = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name) && !name.endsWith('.age.yml'))
    .map((name) => join(folder, name))

test.each(names)('%s is a sound schema', (name) => {
  expect(() => compile(published(name))).not.toThrow()
  expect(published(name)).toMatchObject({ $schema: 'http://json-schema.org/draft-07/schema#' })
})

test.each(shipped('inventories').filter((name) => name.endsWith('inventory.yml')))(
  '%s keeps the published schema',
  (name) => {
    const { data, where } = parseYaml(readFileSync(join(ROOT, name), 'utf8'), name)
    expect(checkSchema(published('inventory'), data, { area: 'inventory', where })).toEqual([])
  },
)

test.each(shipped('playbooks').filter((name) => !name.includes('common/')))(
  '%s keeps the published schema',
  (name) => {
    const { data, where } = parseYaml(readFileSync(join(ROOT, name), 'utf8'), name)
    expect(checkSchema(published('playbook'), data, { area: 'playbook', where })).toEqual([])
  },
)

test('the published inventory schema refuses what hactl refuses', () => {
  const bad = `all:
  host: {}
  vars: { cluster: { name: a, stack: ${STACKS[0]?.name}, timming: fast } }
`
  const { data, where } = parseYaml(bad, 'f')
  const codes = checkSchema(published('inventory'), data, { area: 'x', where }).map((each) => each.code)
  expect(codes).toContain('x/unknown-key')
})

/** Inside a YAML file, the line that tells editors where its schema is. */
const MODELINE = /^# yaml-language-server: \$schema=(.*)$/m

test.each([...shipped('inventories'), ...shipped('playbooks')])(
  '%s names a schema that is published',
  (name) => {
    const named = MODELINE.exec(readFileSync(join(ROOT, name), 'utf8'))?.[1]
    expect(named).toMatch(/\/schemas\/[a-z]+\.schema\.json$/)
    expect(readdirSync(join(ROOT, 'schemas'))).toContain(named?.split('/').at(-1))
  },
)
