import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { labOf } from '../lab/support/lab.ts'
import { expectEmptyPlan } from '../lab/support/plans.ts'
import { expectCode, measured, seconds } from '../lab/support/programs.ts'
import { apartTests } from '../stacks/patroni/lab/apart.ts'
import { upgradeTests } from '../stacks/patroni/lab/upgrade.ts'

const ETCD = ['e1', 'e2', 'e3']

const lab = labOf('pata', {
  nodes: 2,
  etcd: ETCD.length,
  vars: 'lab-patroni/cluster.yml',
  edits: [
    ['timing: fast', 'timing: fast\n  etcd: { auth: true }'],
    ['mode: sync', 'mode: strict'],
  ],
})

beforeAll(() => lab.up())
afterEach(() => lab.lab('heal'))
afterAll(() => lab.down())

describe('two members, three hosts of etcd that ask for a password, mode strict', () => {
  test('one apply brings five bare hosts to a healthy cluster', async () => {
    const ended = await lab.apply('--yes')
    expectCode(ended, 0)
    const { replication, quorum } = await lab.healthy()
    expect(replication).toEqual({ wanted: 'strict', actual: 'strict' })
    expect(quorum).toMatchObject({ have: ETCD.length, of: ETCD.length })
    await expectEmptyPlan(lab)
    measured('first apply', seconds(ended.ms))
  })

  apartTests(lab, ETCD)
  upgradeTests(lab)
})
