import type { Diagnostic } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { describe } from '../schema/explain.ts'
import { type NameKind, nameFault } from '../schema/names.ts'
import type { Cluster, Host } from './inventory.ts'

/** A name outside the variable `cluster`, and how it is said whose it is. */
interface Named {
  readonly kind: NameKind
  readonly name: unknown
  readonly whose: string
  readonly at: Diagnostic['at']
}

function nameProblem({ kind, name, whose, at }: Named): Diagnostic[] {
  const place = at ? { at } : {}
  if (typeof name !== 'string') {
    const summary = `${whose} is ${describe(name)}, but must be a text`
    return [problem('inventory/wrong-type', summary, { ...place, hint: 'write its name in quotes' })]
  }
  const wrong = nameFault(kind, name)
  if (!wrong) return []
  const summary = `${whose} is called ${describe(name)}, which ${wrong.fault}`
  return [problem('inventory/name', summary, { ...place, hint: `allowed: ${wrong.allowed}` })]
}

const namesOf = (host: Host): readonly Named[] => [
  { kind: 'host', name: host.name, whose: 'a host', at: host.where?.('') },
  ...('nic' in host.vars
    ? [
        {
          kind: 'nic',
          name: host.vars['nic'],
          whose: `the interface of ${host.name}`,
          at: host.where?.('nic'),
        } as const,
      ]
    : []),
]

/** Names are compared without their case by resolvers, in certificates and in names of replication slots. */
function twins(hosts: readonly Host[]): Diagnostic[] {
  return hosts.flatMap((host, index) => {
    const other = hosts.slice(0, index).find(({ name }) => name.toLowerCase() === host.name.toLowerCase())
    if (!other) return []
    const at = host.where?.('')
    const summary = `the hosts ${other.name} and ${host.name} differ in capital letters alone`
    return [problem('inventory/name', summary, { ...(at && { at }), hint: 'rename one of them' })]
  })
}

/** What is wrong with the names of a cluster's group, hosts and interfaces: they go into files of other programs. */
export function checkNames(cluster: Cluster): Diagnostic[] {
  const { group, hosts, where } = cluster
  const named: readonly Named[] = [
    { kind: 'group', name: group, whose: 'the group of a cluster', at: where([]) },
    ...hosts.flatMap(namesOf),
  ]
  return [...named.flatMap(nameProblem), ...twins(hosts)]
}
