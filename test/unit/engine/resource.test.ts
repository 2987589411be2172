import { expect, test } from 'vitest'
import { touches } from '../../../src/engine/resource.ts'
import { REGISTRY } from '../../../src/modules/index.ts'

test.each([
  ['file:/etc', 'file:/etc/hosts', true],
  ['file:/etc/', 'file:/etc/hosts', true],
  ['file:/etc', 'file:/etcetera', false],
  ['file:/etc/hosts', 'file:/etc', false],
  ['file:/srv/.', 'file:/srv', true],
  ['file:/srv/.', 'file:/srv/pg', false],
  ['unit:*', 'unit:ssh.service', true],
  ['unit:a', 'file:a', false],
] as const)('%s touches %s: %s', (touched, read, expected) => {
  expect(touches(touched, read)).toBe(expected)
})

test('a new directory touches itself and the parents made for it; a changed one what is below it too', () => {
  const entry = REGISTRY.modules.get('directory')
  const touched = (type: string) =>
    entry?.kind === 'module' ? entry.spec.touches?.({ path: '/srv/pg/data' }, { type }) : undefined
  expect(touched('absent')).toEqual(['file:/srv/pg/data/.', 'file:/srv/.', 'file:/srv/pg/.'])
  expect(touched('directory')).toEqual(['file:/srv/pg/data'])
})
