import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DrillResult } from '../../src/cluster/drill/result.ts'
import { expectEmptyPlan } from '../lab/support/plans.ts'
import { expectCode, hactl, measured } from '../lab/support/programs.ts'
import { stackLab } from '../lab/contract/stack.ts'
import { PACEMAKER } from '../stacks/pacemaker/lab.ts'
import { membersOf } from '../../src/cluster/members.ts'

const lab = stackLab(PACEMAKER, 'witness', {
  nodes: 2,
  witness: true,
  vars: 'lab-pacemaker/cluster-2.yml',
  // With a witness two members have a quorum: nothing has to be accepted.
  edits: [["  guard: { none: 'a throw-away lab: two primaries after a cut are accepted' }\n", '']],
})

beforeAll(() => lab.up())
afterAll(() => lab.down())

test('two members and a witness are deployed from bare hosts, and a plan is empty then', async () => {
  expectCode(await lab.apply('--yes'), 0)
  const status = await lab.healthy()
  const roleOf = new Map(membersOf(status).map(({ name, role }) => [name, role]))
  expect(status.hosts.map(({ name, roles: [role] }) => `${name} ${roleOf.get(name) ?? role}`)).toEqual([
    'pg1 primary',
    'pg2 standby',
    'w1 witness',
  ])
  await expectEmptyPlan(lab)
})

test('any one of the three may lose its power: writes go on, and none is lost', async () => {
  const names = ['power-off-witness', 'power-off', 'power-off-standby']
  const ended = await hactl('drill', ...names, lab.inventory, '--patience', '2', '--format', 'json')
  const { runs, loss, scenarios } = JSON.parse(ended.stdout) as DrillResult
  expectCode(ended, 0)
  expect(runs.map(({ scenario }) => scenario)).toEqual(names)
  expect(loss.withLoss).toBe(0)
  expect(runs.flatMap(({ checks }) => checks.filter(({ ok }) => !ok))).toEqual([])
  for (const { scenario, outageMs } of scenarios)
    measured(`${scenario}, no writes for`, `${outageMs?.p50 ?? 0} ms`)
})
