import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const ROOT = join(import.meta.dirname, '../..')
const below = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
const programs = below('files').filter((name) => /\.(sh|py)$/.test(name))
const playbooks = below('playbooks').filter((name) => name.endsWith('.yml'))
const textOf = (...path: readonly string[]): string => readFileSync(join(ROOT, ...path), 'utf8')

/** Every value of a document that is text, and every map. */
function* values(value: unknown): Generator<unknown> {
  yield value
  if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) yield* values(each)
}

test('no playbook holds a program of more than three lines', () => {
  const long = playbooks.flatMap((name) =>
    [...values(parse(textOf('playbooks', name), { merge: true }))].filter(
      (value) => typeof value === 'string' && value.trim().split('\n').length > 3,
    ),
  )
  expect(long).toEqual([])
})

test('every script that a playbook names is there, and every program is named somewhere', () => {
  const named = new Set(
    playbooks.flatMap((name) =>
      [...textOf('playbooks', name).matchAll(/script: ([\w./-]+)/g)].map(([, script = '']) => script),
    ),
  )
  expect([...named].filter((name) => !programs.includes(name))).toEqual([])
  const source = below('src')
    .filter((name) => name.endsWith('.ts'))
    .map((name) => textOf('src', name))
    .join('\n')
  expect(programs.filter((name) => !named.has(name) && !source.includes(`'${name}'`))).toEqual([])
})

test('every program says what it is for', () => {
  const first = (name: string): RegExp => (name.endsWith('.py') ? /^"""\S/ : /^#!\/bin\/sh\n# \S/)
  expect(programs.filter((name) => !first(name).test(textOf('files', name)))).toEqual([])
})

test.each([
  ['1000\n0\n', 0, 'the copy needs'],
  ['1000\n0', 0, 'the copy needs'],
  ['1000\n2\n', 1, 'tablespaces'],
  ['9000000000000000\n0\n', 1, 'free, the copy needs'],
])('room for a copy is judged by what was measured: %j', (source, code, words) => {
  const args = [join(ROOT, 'files/postgres/room-beside.sh'), join(tmpdir(), 'hactl-none'), source, '-', '']
  const { status, stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' })
  expect([status, stdout + stderr]).toEqual([code, expect.stringContaining(words)])
})
