import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { extraVars, withExtraVars } from '../../../src/cli/extra-vars.ts'
import { applyCommand } from '../../../src/cli/show-plan.ts'
import { HactlError } from '../../../src/diag/diagnostic.ts'

const dir = mkdtempSync(join(tmpdir(), 'hactl-extra-'))
afterAll(() => rmSync(dir, { recursive: true }))

test.each([
  ['a=1', { a: '1' }],
  ['a=1 b="x y" c=\'=\'', { a: '1', b: 'x y', c: '=' }],
  ['{"a": 1, "b": [true]}', { a: 1, b: [true] }],
  ['{ a: 1 }', { a: 1 }],
])('-e %s is read as Ansible reads it', (text, vars) => {
  expect(extraVars(text)).toEqual(vars)
})

test('a file gives its map, and a later one wins', () => {
  const file = join(dir, 'vars.yml')
  writeFileSync(file, 'a: 1\nb: 2\n')
  expect(extraVars(`@${file}`)).toEqual({ a: 1, b: 2 })
  expect(withExtraVars({ extraVars: [`@${file}`, 'b=x'] }).over).toEqual({ a: 1, b: 'x' })
})

test.each([
  ['a', 'no NAME=VALUE'],
  ['1a=2', 'no NAME=VALUE'],
  ['@/nothing/there.yml', 'nothing/there.yml'],
  ['{ a: ', 'not closed'],
  ['cluster=x', "hactl's own"],
  ['{"inventory_hostname": "x"}', "hactl's own"],
])('-e %s is refused as wrong usage', (text, words) => {
  expect(() => extraVars(text)).toThrow(HactlError)
  expect(() => extraVars(text)).toThrow(words)
})

test('the apply that a plan names has the same choice of tasks and variables', () => {
  const options = { verbose: 0, color: false, skipTags: ['slow'], over: { a: '1 2' } }
  expect(applyCommand('inventory.yml', options)).toBe(
    `hactl apply inventory.yml --skip-tags slow --extra-vars '{"a":"1 2"}'`,
  )
})
