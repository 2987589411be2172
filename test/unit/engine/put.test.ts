import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { putCommand, putsCommand } from '../../../src/engine/put.ts'
import type { PutStep } from '../../../src/engine/step.ts'
import { poll } from '../../../src/lib/poll.ts'
import type { Command } from '../../../src/transport/transport.ts'
import { patient } from '../../patience.ts'

let dir = ''
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'hactl-put-'))))
afterEach(() => rmSync(dir, { recursive: true }))

const step = (name: string, more: Partial<PutStep> = {}): PutStep => ({
  kind: 'put',
  path: join(dir, name),
  content: 'text\n',
  ...more,
})

/** Ends the command as the runner does when its controller is gone, once something of it is in the folder. */
async function ended({ argv }: Command, content: string): Promise<readonly string[]> {
  // As the runner gives it: a file, which a text can open anew.
  const input = `${dir}.input`
  writeFileSync(input, content)
  const [program = '', ...args] = argv
  const run = spawn(program, args, { stdio: [openSync(input, 'r'), 'ignore', 'inherit'], detached: true })
  const code = new Promise((resolve) => run.once('close', resolve))
  const begun = await poll(async () => (readdirSync(dir).length > 0 ? true : undefined), {
    timeoutMs: patient(5000),
    intervalMs: 5,
  })
  process.kill(-(run.pid ?? 0), 'SIGTERM')
  expect(begun).toBe(true)
  expect(await code).toBe(143)
  rmSync(input)
  return readdirSync(dir)
}

test('a write that is ended while its file is checked leaves nothing behind', async () => {
  const command = putCommand(step('one', { validate: ['sleep', '8'] }))
  expect(await ended(command, 'text\n')).toEqual([])
})

test('a write of several files that is ended leaves nothing behind', async () => {
  const command = putsCommand(['one', 'two', 'three'].map((name) => step(name, { expect: 'absent' })))
  expect(await ended(command, 'sleep 8\n')).toEqual([])
})
