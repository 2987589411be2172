import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { expectContinues, killAt, momentText } from '../cluster/killed.ts'
import { expectEmptyPlan, labOf, measured, PATRONI_LAYER } from '../cluster/support.ts'
import { chosen, doctorTests } from '../doctor/core.ts'
import { PATRONI } from '../doctor/patroni.ts'
import { etcdTests } from './etcd.ts'
import { freezeTests } from './frozen.ts'
import { PATRONI_MOMENTS } from './killed.ts'
import { repairTests, settingsTests, switchoverTests } from './operate.ts'
import { callbackTests } from './routing.ts'

const lab = labOf('pato', { nodes: 3, vars: 'lab-patroni/cluster.yml', with: PATRONI_LAYER })

beforeAll(() => lab.up())
afterEach(() => lab.lab('heal'))
afterAll(() => lab.down())

describe('a Patroni cluster in use', () => {
  test('the controller killed ten times in a row in one first deploy: the next apply ends it', async () => {
    const killed: string[] = []
    for (const moment of PATRONI_MOMENTS) if (await killAt(lab, moment)) killed.push(momentText(moment))
    expect(killed).toEqual(PATRONI_MOMENTS.map(momentText))
    await expectContinues(lab)
    measured('killed', killed.join('; '))
    await expectEmptyPlan(lab)
  })

  switchoverTests(lab)
  callbackTests(lab)
  settingsTests(lab)
  doctorTests(lab, chosen(PATRONI, 'paused', 'etcd-member-lost', 'patroni-stopped-on-standby', 'fsync-off'))
  etcdTests(lab)
  repairTests(lab)
  freezeTests(lab, ['postgres'])
})
