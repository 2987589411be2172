import { spawnSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, afterEach, expect, test } from 'vitest'
import { toCommand } from '../../../src/engine/execute.ts'
import { putsCommand } from '../../../src/engine/put.ts'
import type { PutStep } from '../../../src/engine/step.ts'
import { reveal } from '../../../src/lib/secret.ts'
import type { Command } from '../../../src/transport/transport.ts'

const idOf = (flag: string): number => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout)
const NOBODY = idOf('-u')
const GROUP = idOf('-g')

let root = ''
let own = ''
let system = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hactl-owner-'))
  spawnSync('chmod', ['755', root])
  own = join(root, 'own')
  system = join(root, 'system')
  mkdirSync(join(own, 'conf.d'), { recursive: true })
  mkdirSync(system)
  for (const path of [own, join(own, 'conf.d')]) chownSync(path, NOBODY, GROUP)
})
afterEach(() => rmSync(root, { recursive: true }))

function execute({ argv: [program = '', ...args], stdin }: Command) {
  const input = stdin === undefined ? '' : reveal(stdin as string)
  const env = { ...process.env, HACTL_SESSION_PID: '1' }
  // A pipe, as the runner gives one: what node gives cannot be opened as /dev/stdin.
  return spawnSync('sh', ['-c', 'cat | "$@"', 'sh', program, ...args], { input, encoding: 'utf8', env })
}

const put = (path: string, more: Partial<PutStep> = {}): PutStep => ({
  kind: 'put',
  path,
  content: 'x\n',
  ...more,
})
const write = (step: PutStep) => execute(toCommand(step, undefined))

/** The account replaces its folder by a link to one of root's. */
function redirect(): void {
  renameSync(join(own, 'conf.d'), join(own, 'old'))
  symlinkSync(system, join(own, 'conf.d'))
  spawnSync('chown', ['-h', `${NOBODY}:${GROUP}`, join(own, 'conf.d')])
}

test("a file in another account's folder is written as that account", () => {
  const path = join(own, 'conf.d/a.conf')
  expect(write(put(path, { owner: 'nobody', mode: '0640' }))).toMatchObject({ status: 0 })
  expect(readFileSync(path, 'utf8')).toBe('x\n')
  expect(statSync(path).uid).toBe(NOBODY)
  expect(write(put(path, { content: 'y\n', mode: '0640' }))).toMatchObject({ status: 0, stderr: '' })
})

test("a link in another account's folder leads root nowhere", () => {
  redirect()
  expect(write(put(join(own, 'conf.d/a.conf'), { owner: 'nobody' })).status).not.toBe(0)
  expect(existsSync(join(system, 'a.conf'))).toBe(false)
  writeFileSync(join(system, 'there'), 'root')
  expect(execute(toCommand({ kind: 'remove', path: join(own, 'conf.d/there') }, undefined)).status).not.toBe(
    0,
  )
  expect(existsSync(join(system, 'there'))).toBe(true)
  const many = ['a', 'b', 'c'].map((name) =>
    put(join(own, 'conf.d', name), { expect: 'absent', mode: '0640' }),
  )
  expect(execute(putsCommand(many)).status).toBe(75)
  expect(existsSync(join(system, 'a'))).toBe(false)
})

test("root makes no file of a third account in another's folder, and says why", () => {
  const { status, stderr } = write(put(join(own, 'a'), { owner: 'root' }))
  expect(status).toBe(1)
  expect(stderr).toContain('is a folder of nobody')
  expect(existsSync(join(own, 'a'))).toBe(false)
})

test('a link as the last part is replaced, never followed', () => {
  writeFileSync(join(system, 'target'), 'root')
  symlinkSync(join(system, 'target'), join(own, 'a'))
  expect(write(put(join(own, 'a')))).toMatchObject({ status: 0 })
  expect(readFileSync(join(system, 'target'), 'utf8')).toBe('root')
  expect(lstatSync(join(own, 'a')).isSymbolicLink()).toBe(false)
})

test("links and folders of root's own are used as they are", () => {
  symlinkSync(system, join(root, 'link'))
  expect(write(put(join(root, 'link/a'), { owner: 'nobody', mode: '0600' }))).toMatchObject({ status: 0 })
  expect(statSync(join(system, 'a')).uid).toBe(NOBODY)
  expect(execute(toCommand({ kind: 'remove', path: join(root, 'link/a') }, undefined)).status).toBe(0)
  symlinkSync(own, join(root, 'home'))
  expect(write(put(join(root, 'home/b')))).toMatchObject({ status: 0 })
  expect(statSync(join(own, 'b')).uid).toBe(NOBODY)
})
