import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { acquire, readLock, release } from '../../../src/engine/lock.ts'
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
