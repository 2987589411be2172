import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  acquire,
  acquireAhead,
  fallsWithSession,
  outlivesSession,
  readLock,
  release,
} from '../../../src/engine/lock.ts'
import { poll } from '../../../src/lib/poll.ts'
import { createProber } from '../../../src/engine/prober.ts'
import { connectLocal } from '../../../src/transport/local.ts'

const spec = {
  host: 'here',
  kind: 'local',
  address: '127.0.0.1',
  become: false,
  becomeUser: 'root',
  connectTimeoutMs: 5000,
} as const

const open = async () => {
  const transport = await connectLocal(spec, {})
  return { transport, prober: createProber(transport) }
}
const owner = (run: string) => ({ run, by: 'ann', from: 'laptop', at: 'now' })

let dir: string
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'hactl-lock-')), 'state')
})
afterEach(() => rmSync(join(dir, '..'), { recursive: true }))

test('a lock is taken, refused to others while its session lives, and given back', async () => {
  const [a, b] = [await open(), await open()]
  expect(await acquire(a, dir, owner('one'))).toEqual({ stale: false, pending: [] })
  await expect(acquire(b, dir, owner('two'))).rejects.toThrow(
    'locked by another run since now, by ann from laptop',
  )
  await release(b, dir, 'two')
  expect((await readLock(b, dir))?.run).toBe('one')
  await release(a, dir, 'one')
  expect(await acquire(b, dir, owner('two'))).toEqual({ stale: false, pending: [] })
  await Promise.all([a.transport.close(), b.transport.close()])
})

test('a lock whose session has ended, or ends while it is waited for, is taken over', async () => {
  const [a, b, c] = [await open(), await open(), await open()]
  await acquire(a, dir, owner('one'))
  const waiting = acquire(b, dir, owner('two'))
  await a.transport.close()
  expect(await waiting).toMatchObject({ stale: true })
  await b.transport.close()
  expect(await acquire(c, dir, owner('three'))).toMatchObject({ stale: true })
  expect((await readLock(c, dir))?.run).toBe('three')
  await c.transport.close()
})

test('of many who find a dead lock at once, one gets it', async () => {
  const dead = await open()
  await acquire(dead, dir, owner('dead'))
  await dead.transport.close()
  const sessions = await Promise.all(Array.from({ length: 12 }, open))
  const tries = await Promise.allSettled(
    sessions.map((session, i) => acquire(session, dir, owner(`run${i}`))),
  )
  expect(tries.filter((each) => each.status === 'fulfilled')).toHaveLength(1)
  await Promise.all(sessions.map((session) => session.transport.close()))
})

const gone = (file: string) =>
  poll(async () => (existsSync(file) ? undefined : true), { timeoutMs: 5000, intervalMs: 10 })

test('a lock taken ahead is refused to others, and falls with its session unless the run began to change something', async () => {
  const [a, b, c] = [await open(), await open(), await open()]
  const first = acquireAhead(a, dir, owner('one'))
  await a.prober.probe.run(['true'])
  expect(first.taken()).toEqual({ stale: false, pending: [] })
  const second = acquireAhead(b, dir, owner('two'))
  await b.prober.probe.run(['true'])
  expect(second.taken()).toBeUndefined()
  await a.transport.close()
  expect(await gone(join(dir, 'lock'))).toBe(true)
  const third = acquireAhead(c, dir, owner('three'))
  await c.prober.probe.run(['true'])
  expect(third.taken()).toEqual({ stale: false, pending: [] })
  outlivesSession(c)
  // What was refused the lock does not take it away from others either.
  await b.transport.close()
  await c.transport.close()
  const d = await open()
  expect(await acquire(d, dir, owner('four'))).toMatchObject({ stale: true })
  fallsWithSession(d, dir, 'four')
  await d.transport.close()
  expect(await gone(join(dir, 'lock'))).toBe(true)
})

test('handlers that a killed run owes are told with the lock', async () => {
  const a = await open()
  mkdirSync(dir)
  writeFileSync(join(dir, 'pending'), 'play\thandler\n')
  const lock = acquireAhead(a, dir, owner('one'))
  await a.prober.probe.run(['true'])
  expect(lock.taken()?.pending).toEqual([{ play: 'play', handler: 'handler' }])
  await a.transport.close()
})
