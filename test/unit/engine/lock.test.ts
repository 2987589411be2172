import { expect, test } from 'vitest'
import { acquire, acquireAhead, outlivesSession, readAndRelease, release } from '../../../src/engine/lock.ts'
import { createProber } from '../../../src/engine/prober.ts'
import { fakeTransport } from '../../../src/transport/fake.ts'

const owner = { run: 'abc123', by: 'ann', from: 'laptop', at: 'now' }

/** A host with one file to read, whose lock somebody may hold. */
function session(holder?: string) {
  let version = 0
  const transport = fakeTransport({
    host: 'pg1',
    respond: ({ argv }) => {
      if (argv[0] === 'cat') return { stdout: String(++version) }
      if (argv[3] !== 'hactl-lock' || argv.length === 0) return {}
      return holder === undefined ? { stdout: 'TAKEN\n' } : { code: 3, stdout: `HELD\n${holder}\n` }
    },
  })
  return { transport, prober: createProber(transport) }
}

test('locking and reading again what was read before is one round trip', async () => {
  const host = session()
  const read = () => host.prober.probe.run(['cat', 'file'])
  expect((await read()).stdout).toBe('1')
  await acquire(host, '/run/hactl/c', owner)
  expect((await read()).stdout).toBe('2')
  expect(host.transport.batches).toHaveLength(2)
})

test('a lock taken ahead rides in front of the first readings, which need not be read again', async () => {
  const host = session()
  const ahead = acquireAhead(host, '/run/hactl/c', owner)
  expect((await host.prober.probe.run(['cat', 'file'])).stdout).toBe('1')
  expect(ahead.taken()).toEqual({ stale: false, pending: [] })
  expect(host.transport.batches.map((commands) => commands.map(({ argv }) => argv[0]))).toEqual([
    ['sh', 'cat'],
  ])
  expect(host.transport.batches[0]?.[0]?.argv.at(-1)).toBe('0')
})

test('a lock that somebody holds is not taken ahead, and what was asked for too late is not sent', async () => {
  const held = session(JSON.stringify({ ...owner, run: 'other' }))
  const ahead = acquireAhead(held, '/run/hactl/c', owner)
  expect((await held.prober.probe.run(['cat', 'file'])).stdout).toBe('1')
  expect(ahead.taken()).toBeUndefined()
  const unread = session()
  expect(acquireAhead(unread, '/run/hactl/c', owner).taken()).toBeUndefined()
  await unread.prober.probe.run(['cat', 'file'])
  expect(unread.transport.batches).toHaveLength(1)
  expect(unread.transport.batches[0]).toHaveLength(1)
})

test('what was taken ahead falls with the session until the run changes something', () => {
  const host = session()
  acquireAhead(host, '/run/hactl/c', owner)
  expect(host.transport.ends).toHaveLength(1)
  expect(host.transport.ends[0]).toContain('"run":"abc123"')
  outlivesSession(host)
  expect(host.transport.ends.at(-1)).toBe('')
})

test('reading everything for the second plan is one round trip, and unlocking none', async () => {
  const host = session()
  const view = host.prober.view()
  const read = () => view.probe.run(['cat', 'file'])
  await read()
  view.remember()
  // A change that may touch anything.
  host.prober.invalidate(undefined)
  await readAndRelease(host, '/run/hactl/c', owner.run)
  expect((await read()).stdout).toBe('2')
  expect(host.transport.batches).toHaveLength(2)
  expect(host.transport.ends.at(-1)).toContain('/run/hactl/c/lock')
  await release(host, '/run/hactl/c', owner.run)
  expect(host.transport.batches).toHaveLength(3)
})

test('what was read behind the last change needs no reading', async () => {
  const host = session()
  const view = host.prober.view()
  await view.probe.run(['cat', 'file'])
  await host.prober.execute([{ argv: ['change'] }], [], view.used, true)
  await readAndRelease(host, '/run/hactl/c', owner.run)
  expect((await view.probe.run(['cat', 'file'])).stdout).toBe('2')
  expect(host.transport.stats().roundTrips).toBe(2)
})

test('a lock that is held is refused and nothing is read', async () => {
  const host = session(JSON.stringify({ ...owner, run: 'other' }))
  await host.prober.probe.run(['cat', 'file'])
  const holders: unknown[] = []
  const refused = acquire(host, '/run/hactl/c', owner, (holder) => holders.push(holder))
  await expect(refused).rejects.toThrow('locked by another run')
  // Asked, told, and waited for: the file is not read again.
  expect(host.transport.batches).toHaveLength(3)
  expect(holders).toHaveLength(1)
})
