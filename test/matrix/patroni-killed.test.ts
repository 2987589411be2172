import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { expectContinues, killAt, momentText } from '../lab/cluster/killed.ts'
import { expectEmptyPlan, labOf, PATRONI_LAYER } from '../lab/cluster/support.ts'
import { PATRONI_MOMENTS } from '../lab/patroni/killed.ts'

const lab = labOf('patm', { nodes: 3, vars: 'lab-patroni/cluster.yml', with: PATRONI_LAYER })

beforeAll(() => lab.up())
afterEach(() => lab.lab('reset'))
afterAll(() => lab.down())

// The strict form of the test in test/lab: a fresh set of hosts for every moment.
test.each(PATRONI_MOMENTS.map((moment) => [momentText(moment), moment] as const))(
  'a first deploy killed %s is ended by the next apply',
  async (_, moment) => {
    expect(await killAt(lab, moment)).toBe(true)
    await expectContinues(lab)
    await expectEmptyPlan(lab)
  },
)
