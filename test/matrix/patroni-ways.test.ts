import { afterAll, beforeAll, describe, test } from 'vitest'
import { expectCode, labOf, PATRONI_LAYER } from '../lab/cluster/support.ts'
import { freezeTests } from '../lab/patroni/frozen.ts'
import { otherWaysTests } from '../lab/patroni/routing.ts'

const lab = labOf('patw', { nodes: 3, vars: 'lab-patroni/cluster.yml', with: PATRONI_LAYER })

beforeAll(() => lab.up())
afterAll(() => lab.down())

describe('every way to the primary, and every way to freeze it', () => {
  test('the cluster is there', async () => expectCode(await lab.apply('--yes'), 0))
  freezeTests(lab)
  otherWaysTests(lab)
})
