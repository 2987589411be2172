import type { Cluster, Host } from '../inventory/inventory.ts'
import { members, witnesses } from '../inventory/topology.ts'
import type { Stack } from './stack.ts'

const namesOf = (hosts: readonly Host[]): readonly string[] => hosts.map(({ name }) => name)

/**
 * The variable `cluster` of playbooks and templates: what the user wrote, with defaults, and beside it what the stack
 * computes. A key has one meaning: a stack that computes one of the user's keys is a bug.
 */
export function clusterVariable(stack: Stack, cluster: Cluster): Readonly<Record<string, unknown>> {
  const computed = {
    ...stack.derive(cluster),
    group: cluster.group,
    members: namesOf(members(cluster)),
    witnesses: namesOf(witnesses(cluster)),
  }
  const taken = Object.keys(computed).filter((key) => key in stack.vars.properties)
  if (taken.length > 0) throw new Error(`${stack.name} computes keys of the user: ${taken.join(', ')}`)
  return { ...cluster.vars, ...computed, name: cluster.name }
}
