import { expect, test } from 'vitest'
import { pacemaker } from '../../src/stacks/pacemaker/index.ts'
import { patroni } from '../../src/stacks/patroni/index.ts'
import { clusterVariable } from '../../src/stacks/variable.ts'
import { clusterOf as pacemakerCluster } from './pacemaker/cluster.ts'
import { clusterOf as patroniCluster } from './patroni/cluster.ts'

const CASES = [
  ['pacemaker', pacemaker, pacemakerCluster()],
  ['patroni', patroni, patroniCluster({ routing: { by: 'haproxy' } })],
] as const

test.each(CASES)(
  'what %s computes stands beside what the user wrote, never in its place',
  (_, stack, cluster) => {
    const variable = clusterVariable(stack, cluster)
    for (const [key, value] of Object.entries(cluster.vars)) expect(variable[key], key).toBe(value)
    expect(variable['members']).toEqual(cluster.members)
  },
)

test('a stack that computes a key of the user is a bug', () => {
  const stack = { ...patroni, derive: () => ({ routing: {} }) }
  expect(() => clusterVariable(stack, patroniCluster())).toThrow('computes keys of the user: routing')
})
