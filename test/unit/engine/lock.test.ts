import { expect, test } from 'vitest'
import type { Session } from '../../../src/engine/context.ts'
import { acquire, release, releaseAndRead } from '../../../src/engine/lock.ts'
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

test('unlocking and reading everything for the second plan is one round trip', async () => {
  const host = session()
  const view = host.prober.view()
  const read = () => view.probe.run(['cat', 'file'])
  await read()
  view.remember()
  // A change that may touch anything.
  host.prober.invalidate(undefined)
  await releaseAndRead(host, '/run/hactl/c', owner.run)
  expect((await read()).stdout).toBe('2')
  expect(host.transport.batches).toHaveLength(2)
  await release(host, '/run/hactl/c', owner.run)
  expect(host.transport.batches).toHaveLength(3)
})

test('what was read behind the last change needs no reading, and the plan does not wait for the unlocking', async () => {
  const host: Session = session()
  const view = host.prober.view()
  await view.probe.run(['cat', 'file'])
  await host.prober.execute([{ argv: ['change'] }], [], view.used, true)
  await releaseAndRead(host, '/run/hactl/c', owner.run)
  expect(host.unlocking).toBeInstanceOf(Promise)
  expect((await view.probe.run(['cat', 'file'])).stdout).toBe('2')
  await host.unlocking
  expect(host.transport.stats().roundTrips).toBe(3)
})

test('a lock that is held is refused and nothing is read', async () => {
  const host = session(JSON.stringify({ ...owner, run: 'other' }))
  await host.prober.probe.run(['cat', 'file'])
  await expect(acquire(host, '/run/hactl/c', owner)).rejects.toThrow('locked by another run')
  expect(host.transport.batches).toHaveLength(2)
})
