import { expect, test } from 'vitest'
import { orderOf } from '../../../../src/app/drill/order.ts'
import type { DrillRequest } from '../../../../src/app/drill/choice.ts'
import { needsLab, patient, together, UNDO_AFTER_S } from '../../../../src/cluster/drill/fault.ts'
import { FAULTS } from '../../../../src/cluster/drill/faults.ts'
import { mirrored, ruleset } from '../../../../src/cluster/drill/net.ts'
import { lastSeen, walLoss } from '../../../../src/cluster/drill/wal.ts'
import type { Sample } from '../../../../src/cluster/drill/watch.ts'

const named = (name: string) => {
  const found = FAULTS.find((fault) => fault.name === name)
  if (!found) throw new Error(`no fault ${name}`)
  return found
}

test('names of scenarios are unique, words for people end without a full stop', () => {
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length)
  expect(FAULTS.filter(({ name, about }) => !/^[a-z-]+$/.test(name) || /[.]$/.test(about))).toEqual([])
})

test('every act over ssh that lasts is undone, and every cut is by itself', () => {
  const acts = FAULTS.flatMap(({ inject }) => inject).flatMap((act) => (act.by === 'ssh' ? [act] : []))
  const lasting = acts.filter(({ script }) =>
    /STOP|systemctl stop|fallocate|chmod|date -s|systemd-run/.test(script),
  )
  expect(lasting.length).toBeGreaterThan(6)
  expect(lasting.filter(({ undo }) => undo === undefined)).toEqual([])
})

test('what only a restart mends may be done to real hosts, nothing else', () => {
  const gentle = FAULTS.filter((fault) => fault.gentle)
  const kinds = new Set(gentle.flatMap(({ inject }) => inject.map(({ by }) => by)))
  expect([...kinds].toSorted()).toEqual(['pause', 'runbook', 'ssh'])
})

test('a planned move and a fault that moves nothing may lose nothing in any mode', () => {
  const strict = FAULTS.filter(
    ({ name, expect: { primary } }) => primary === 'stays' || name.startsWith('switchover'),
  )
  expect(strict.length).toBeGreaterThan(5)
  expect(strict.flatMap(({ expect: { mayLose } }) => mayLose)).toEqual([])
  expect(named('power-off').expect.mayLose).toEqual(['async'])
})

test('patience multiplies what a fault and the lease allow, and what its timers wait', () => {
  const fault = patient(named('cut-primary'), { factor: 3, leaseS: 20 })
  expect(fault.expect.backWithinS).toBe(240)
  expect(fault.inject).toMatchObject([{ undoAfterS: 720 }])
})

test('faults at once are made in order, and writes may wait for the end of both', () => {
  const both = together([named('power-off-standby'), named('kill-postgres')])
  expect(both).toMatchObject({
    name: 'power-off-standby+kill-postgres',
    gentle: false,
    holdMs: 20_000,
    expect: { primary: 'may-move', mayLose: ['async'] },
  })
  expect(both.expect.backWithinS).toBeUndefined()
  expect(both.inject.map(({ by }) => by)).toEqual(['lab', 'ssh'])
  expect(together([named('switchover')])).toBe(named('switchover'))
})

test('a cut from everybody leaves the loopback and ssh', () => {
  expect(ruleset({ ways: 'both' }, 2222, 0).split('\n')).toEqual([
    'table inet hactl_drill_0 {',
    '  chain in {',
    '    type filter hook input priority -300; policy accept;',
    '    iifname "lo" accept',
    '    tcp dport 2222 accept',
    '    drop',
    '  }',
    '  chain out {',
    '    type filter hook output priority -300; policy accept;',
    '    oifname "lo" accept',
    '    tcp sport 2222 accept',
    '    drop',
    '  }',
    '}',
    '',
  ])
})

const drops = (text: string): readonly string[] => text.split('\n').filter((line) => line.endsWith('drop'))

test('rules name the hosts, the ports at either end, and the share', () => {
  const peers = ['10.0.0.2', 'fd00::2']
  expect(drops(ruleset({ ways: 'in', peers }, 22, 1))).toEqual([
    '    ip saddr { 10.0.0.2 } drop',
    '    ip6 saddr { fd00::2 } drop',
  ])
  expect(drops(ruleset({ ways: 'out', ports: { tcp: ['2379', '2380'] } }, 22, 1))).toEqual([
    '    tcp dport { 2379, 2380 } drop',
    '    tcp sport { 2379, 2380 } drop',
  ])
  expect(drops(ruleset({ ways: 'both', percent: 30 }, 22, 1))).toEqual([
    '    numgen random mod 100 < 30 drop',
    '    numgen random mod 100 < 30 drop',
  ])
})

test('what one side does not send, the other does not hear', () => {
  expect(mirrored({ ways: 'out', peers: ['b'] }, ['a'])).toEqual({ ways: 'in', peers: ['a'] })
  expect(mirrored({ ways: 'both', peers: ['b'] }, ['a'])).toEqual({ ways: 'both', peers: ['a'] })
})

const options = { repeat: 2 } as DrillRequest

test('the order of the runs is told before, and is the same for the same seed', () => {
  const faults = [named('switchover'), named('power-off')]
  expect(orderOf(faults, options)).toEqual([
    '   1  switchover, run 1',
    '   2  switchover, run 2',
    '   3  power-off, run 1',
    '   4  power-off, run 2',
  ])
  const random = { ...options, seed: 4, runs: 9 }
  expect(orderOf(faults, random)).toEqual(orderOf(faults, random))
  expect(orderOf(faults, random)).toHaveLength(9)
  expect(orderOf(faults, { ...random, seed: 5 })).not.toEqual(orderOf(faults, random))
})

const look = (at: number, timeline: number, lsn: string): Sample => ({
  host: 'pg1',
  at,
  state: 'primary',
  addresses: [],
  wal: { timeline, lsn },
})

test('bytes past the fork are from the last look at the old timeline to where the new one left it', () => {
  const end = lastSeen(
    [look(0, 2, '0/3000000'), look(200, 2, '0/3000148'), look(9000, 3, '0/4000000')],
    'pg1',
  )
  expect(end).toMatchObject({ timeline: 2, lsn: 0x3000148n })
  const history = '1\t0/2000000\tno recovery target specified\n2\t0/3000100\tno recovery target specified\n'
  expect(walLoss(end, history)).toEqual({
    member: 'pg1',
    timeline: 2,
    end: '0/3000148',
    source: 'last look as primary, at 00:00:00.200 UTC',
    fork: '0/3000100',
    pastFork: 0x48,
  })
  expect(walLoss(end, '1\t0/2000000\tx\n')).toBeUndefined()
  expect(walLoss(end, '2\t0/3000200\tx\n')?.pastFork).toBe(0)
})

test('a busy host is no reason to fail over, in the profile fast at most one', () => {
  const busy = named('busy-host')
  expect(busy.inject).toMatchObject([{ on: 'members', args: ['8', '900'] }])
  expect(busy).toMatchObject({ holdMs: 180_000, fixed: true, gentle: true })
  const { inFast } = busy
  for (const profile of ['normal', 'safe'])
    expect(patient(busy, { factor: 1, leaseS: 20, profile }).expect).toMatchObject({
      primary: 'stays',
      aloneWithinS: 60,
    })
  expect(inFast).toBe('may-move')
  expect(patient(busy, { factor: 2, leaseS: 20, profile: 'fast' }).expect).toMatchObject({
    primary: 'may-move',
    aloneWithinS: 120,
  })
})

test('loops and eaters end by themselves well after the timers that end them', () => {
  const acts = ['busy-host', 'busy-primary', 'short-memory'].flatMap((name) =>
    named(name).inject.flatMap((act) => (act.by === 'ssh' ? [act] : [])),
  )
  expect(acts).toHaveLength(3)
  for (const { args = [], undoAfterS = UNDO_AFTER_S } of acts)
    expect(Number(args.at(-1))).toBeGreaterThan(2 * undoAfterS)
})

test('memory is limited in a lab only, and short on real hosts all the same', () => {
  const fault = named('short-memory')
  expect(fault.inject.map(({ by }) => by)).toEqual(['lab', 'ssh'])
  expect(needsLab(fault)).toBe(false)
  expect(needsLab(named('power-off'))).toBe(true)
})
