import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { labOf, PATRONI_LAYER } from '../lab/cluster/support.ts'
import { freezeTests } from '../lab/patroni/frozen.ts'
import { membershipTests } from '../lab/patroni/operate.ts'
import { otherWaysTests } from '../lab/patroni/routing.ts'

const lab = labOf('patw', { nodes: 3, vars: 'lab-patroni/cluster.yml', with: PATRONI_LAYER })

beforeAll(() => lab.up())
afterAll(() => lab.down())

describe('every way to the primary, members that come and go, and every way to freeze one', () => {
  test('one apply makes the cluster', async () => {
    expect((await lab.apply('--yes')).code).toBe(0)
  })
  membershipTests(lab)
  freezeTests(lab)
  otherWaysTests(lab)
})
