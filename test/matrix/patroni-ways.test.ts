import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectEmptyPlan, roles } from '../lab/support/plans.ts'
import { expectCode, measured, seconds } from '../lab/support/programs.ts'
import { PATRONI } from '../stacks/patroni/lab.ts'
import { stackLab } from '../lab/contract/stack.ts'
import { freezeTests } from '../stacks/patroni/lab/frozen.ts'
import { etcdTests, leaseTests } from '../stacks/patroni/lab/etcd.ts'
import { copyTests, membershipTests, settingsTests } from '../stacks/patroni/lab/operate.ts'
import {
  callbackTests,
  change,
  choose,
  expectUnits,
  holders,
  otherWaysTests,
} from '../stacks/patroni/lab/routing.ts'
import { vipManagerTests } from '../stacks/patroni/lab/vip-manager.ts'
import { membersOf } from '../../src/cluster/members.ts'

describe('Debian 12: every way to the primary, members that come and go, and every way to freeze one', () => {
  const lab = stackLab(PATRONI, 'patw')
  beforeAll(() => lab.up())
  afterAll(() => lab.down())

  test('one apply makes the cluster', async () => {
    const ended = await lab.apply('--yes')
    expect(ended.code, ended.stdout).toBe(0)
  })
  test('quorum is refused by a Patroni that would take it for async, before anything is changed', async () => {
    const text = readFileSync(lab.inventory, 'utf8')
    writeFileSync(lab.inventory, text.replace('mode: sync', 'mode: quorum'))
    const ended = await lab.apply('--yes')
    expectCode(ended, 1)
    expect(ended.stdout + ended.stderr).toMatch(/patroni 3\.0\.2 has no replication mode quorum/)
    writeFileSync(lab.inventory, text)
    await lab.healthy()
    await expectEmptyPlan(lab)
  })
  settingsTests(lab)
  membershipTests(lab)
  copyTests(lab)
  etcdTests(lab)
  leaseTests(lab)
  freezeTests(lab)
  otherWaysTests(lab)
})

// Debian 12 has no vip-manager that can read etcd's API 3, and its Patroni no quorum mode.
describe('Debian 13: vip-manager, with commits that any standby may confirm', () => {
  const lab = stackLab(PATRONI, 'patw13', {
    release: 'trixie',
    with: PATRONI.packages.map((name) => name.replace('-15', '-17')),
    edits: [
      ['version: 15', 'version: 17'],
      ['mode: sync', 'mode: quorum'],
      ['by: callback', 'by: vip-manager'],
    ],
  })
  beforeAll(() => lab.up())
  afterAll(() => lab.down())

  test('one apply makes a cluster whose commits wait for any one standby', async () => {
    const ended = await lab.apply('--yes')
    expectCode(ended, 0)
    const status = await lab.healthy()
    expect(status.replication).toMatchObject({ wanted: 'quorum', actual: 'quorum' })
    expect(membersOf(status).filter(({ replication }) => replication?.sync === 'quorum')).toHaveLength(2)
    await expectEmptyPlan(lab)
    measured('first apply', seconds(ended.ms))
  })
  vipManagerTests(lab)

  test('from vip-manager to the callback, which carries the address now, and nothing else is left', async () => {
    choose(lab, 'callback')
    await change(lab)
    await expectUnits(lab, 'hactl-vip')
    expect(await holders(lab)).toEqual([roles(await lab.status()).primary])
    await lab.shAll('! ls /etc/hactl/vip-manager.yml /usr/local/lib/hactl/vip-manager-keeper 2>/dev/null')
  })
  callbackTests(lab)
})
