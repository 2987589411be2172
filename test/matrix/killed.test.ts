import { afterAll, afterEach, beforeAll, test } from 'vitest'
import { expectContinues, killAt, MOMENTS, momentText } from '../lab/cluster/killed.ts'
import { expectEmptyPlan, labOf, LAYER } from '../lab/cluster/support.ts'
import { expect } from 'vitest'

const lab = labOf('accm', { nodes: 3, with: LAYER })

beforeAll(() => lab.up())
afterEach(() => lab.lab('reset'))
afterAll(() => lab.down())

// The strict form of the test in test/lab: a fresh set of hosts for every moment.
test.each(MOMENTS.map((moment) => [momentText(moment), moment] as const))(
  'a first deploy killed %s is ended by the next apply',
  async (_, moment) => {
    expect(await killAt(lab, moment)).toBe(true)
    await expectContinues(lab)
    await expectEmptyPlan(lab)
  },
)
