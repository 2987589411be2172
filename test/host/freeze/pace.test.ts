import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const GUARD = resolve(import.meta.dirname, '../../../templates/patroni/guard')

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hactl-pace-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What the addition says beside a Patroni whose module is this, and the pause that is there afterwards. */
function quicken(module: string): string {
  mkdirSync(join(folder, 'patroni/postgresql'), { recursive: true })
  writeFileSync(join(folder, 'patroni/__init__.py'), '')
  writeFileSync(join(folder, 'patroni/postgresql/__init__.py'), module)
  const program =
    'import hactl_pace, patroni.postgresql as p; print(hactl_pace.quicken(), getattr(p, "STOP_POLLING_INTERVAL", None))'
  const env = { ...process.env, PYTHONPATH: `${GUARD}:${folder}`, PYTHONDONTWRITEBYTECODE: '1' }
  return execFileSync('python3', ['-c', program], { encoding: 'utf8', env }).trim()
}

test('the pause of every Patroni in Debian is shortened', () => {
  expect(quicken('STOP_POLLING_INTERVAL = 1\n')).toBe('on 0.1')
})

test.each([
  ['is already short', 'STOP_POLLING_INTERVAL = 0.05\n', '0.05'],
  ['is longer than it was known', 'STOP_POLLING_INTERVAL = 5\n', '5'],
  ['is no number', 'STOP_POLLING_INTERVAL = True\n', 'True'],
  ['is gone', '', 'None'],
])('a pause that %s is left alone', (_, module, left) => {
  expect(quicken(module)).toBe(`unknown ${left}`)
})
