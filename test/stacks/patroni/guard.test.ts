import { expect, test } from 'vitest'
import { commandsFor } from '../../../src/cluster/say.ts'
import {
  checkFreeze,
  freezeHoles,
  freezes,
  hasLockFault,
  type FreezeCase,
} from '../../../src/stacks/patroni/guard.ts'
import { factsOf } from '../../../src/stacks/patroni/derive.ts'
import type { HostReading } from '../../../src/stacks/patroni/readings.ts'
import { parseReading } from '../../../src/stacks/patroni/readings.ts'
import { viewOf } from '../../../src/stacks/patroni/view.ts'
import { clusterOf } from './cluster.ts'

const guarded: FreezeCase = {
  version: '3.0.2',
  api: 'etcd3',
  mode: 'sync',
  watchdog: 'off',
  device: false,
  guard: { lock: 'mended', lease: 'on' },
  fence: true,
}
const bare: FreezeCase = {
  version: '3.0.2',
  api: 'etcd3',
  mode: 'sync',
  watchdog: 'off',
  device: false,
  fence: false,
}

const codes = (given: FreezeCase) => freezeHoles(given).map(({ code, severity }) => `${severity} ${code}`)

test('the fault of the lock is in every version before 3.0.3 that speaks etcd v3', () => {
  const faulty = ['2.0.2', '2.1.4', '3.0', '3.0.0', '3.0.2']
  const sound = ['3.0.3', '3.0.10', '3.1.0', '4.0', '4.0.7', '10.0.0']
  expect(faulty.filter((version) => !hasLockFault(version, 'etcd3'))).toEqual([])
  expect(sound.filter((version) => hasLockFault(version, 'etcd3'))).toEqual([])
  expect(hasLockFault('2.0.2', 'etcd')).toBe(false)
})

test('a guarded member has no hole in any mode', () => {
  for (const mode of ['async', 'sync', 'strict', 'quorum'] as const) {
    expect(codes({ ...guarded, mode })).toEqual([])
    expect(codes({ ...guarded, mode, version: '4.0.7', guard: { lock: 'sound', lease: 'on' } })).toEqual([])
  }
})

test('without the guard a faulty version loses commits, a sound one may have two primaries', () => {
  expect(codes(bare)).toEqual(['critical freeze/lock', 'warning freeze/no-fence'])
  expect(codes({ ...bare, version: '4.0.7' })).toEqual(['warning freeze/no-fence'])
})

test('in async mode a hanging Patroni means lost commits', () => {
  expect(codes({ ...bare, mode: 'async', version: '4.0.7' })).toEqual(['critical freeze/no-fence'])
})

test('a watchdog fences when the device is there and Patroni uses it; the lock it does not mend', () => {
  expect(codes({ ...bare, device: true, watchdog: 'required' })).toEqual(['critical freeze/lock'])
  expect(codes({ ...bare, version: '4.0.7', device: true, watchdog: 'automatic' })).toEqual([])
  expect(codes({ ...bare, version: '4.0.7', device: false, watchdog: 'automatic' })).toEqual([
    'warning freeze/no-fence',
  ])
  expect(codes({ ...bare, version: '4.0.7', device: true })).toEqual(['warning freeze/no-fence'])
})

test('a guard that could not mend, does not know the lock, or whose fence is down leaves its hole open', () => {
  expect(codes({ ...guarded, guard: { lock: 'failed', lease: 'on' } })).toEqual(['critical freeze/lock'])
  expect(codes({ ...guarded, guard: { lock: 'unknown', lease: 'on' } })).toEqual(['critical freeze/lock'])
  expect(codes({ ...guarded, guard: { lock: 'mended', lease: 'failed' } })).toEqual([
    'warning freeze/no-fence',
  ])
  expect(codes({ ...guarded, fence: false })).toEqual(['warning freeze/no-fence'])
})

test('of a Patroni that does not run nothing is said', () => {
  const { version: _, ...stopped } = bare
  expect(freezeHoles(stopped)).toEqual([])
})

const FILES = `unit.patroni=active\nunit.hactl-patroni-fence=active\nconfigured\n`
const rest = `rest={"state":"running","patroni":{"version":"3.0.2"}}\n`
const readingOf = (files: string): HostReading =>
  parseReading(
    { files: { code: 0, stdout: files, stderr: '' }, rest: { code: 0, stdout: rest, stderr: '' } },
    '/service/pgcluster/',
  )

test('the reading of a host has what the guard says, or that there is none', () => {
  const read = readingOf(`${FILES}guard.lock=mended\nguard.lease=on\n`)
  expect(read).toMatchObject({ fence: 'active', guard: { lock: 'mended', lease: 'on' } })
  expect(readingOf(`${FILES}guard.lock=odd\nguard.lease=off\n`).guard).toEqual({
    lock: 'unknown',
    lease: 'failed',
  })
  expect(readingOf('unit.patroni=active\n').guard).toBeUndefined()
})

test('the status names the members once for each hole, and what to do', () => {
  const facts = factsOf(clusterOf())
  const open = readingOf('unit.patroni=active\n')
  const safe = readingOf(`${FILES}guard.lock=mended\nguard.lease=on\n`)
  const view = viewOf(
    facts,
    new Map([
      ['pg1', open],
      ['pg2', safe],
      ['pg3', open],
    ]),
  )
  const apply = 'hactl apply inventory.yml'
  const found = freezes({ view, ...commandsFor('inventory.yml') })
  expect(found.map(({ code, severity, next }) => [code, severity, next])).toEqual([
    ['freeze/lock', 'critical', apply],
    ['freeze/no-fence', 'warning', apply],
  ])
  expect(found[0]?.summary).toBe(
    'On pg1 and pg3, Patroni 3.0.2 can take its lock back after a freeze: commits acknowledged since the failover are then lost.',
  )
})

test('validate warns when the inventory turns the guard off', () => {
  expect(checkFreeze(clusterOf())).toEqual([])
  const found = checkFreeze(clusterOf({ patroni: { guard: { freeze: false } } }))
  expect(found.map(({ code, severity }) => [code, severity])).toEqual([['patroni/freeze', 'warning']])
})
