import type { Diagnostic, Span } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import type { Host } from './inventory.ts'
import type { Layout } from './layout.ts'
import type { StackGroups } from './stack-spec.ts'

/** Who of the hosts below a cluster's group does what. */
export interface Belonging {
  /** Hosts with a task: the cluster. */
  readonly hosts: readonly Host[]
  /** Names of the members. */
  readonly members: readonly string[]
  /** Names of those that only vote. */
  readonly voters: readonly string[]
  /** Hosts in no group that the stack names. */
  readonly strays: readonly Host[]
}

const isIn = ({ groups }: Host, names: readonly string[] = []): boolean =>
  names.some((name) => groups.includes(name))

/**
 * Membership is opt-in. Members are the hosts of the groups that the stack names. Where no host is in such a group,
 * they are the hosts listed in the cluster's own group and in no group below it (`direct`). Whoever is in neither is no
 * part of the cluster.
 */
export function belonging(
  hosts: readonly Host[],
  groups: StackGroups,
  direct: ReadonlySet<string> = new Set(),
): Belonging {
  const isGrouped = hosts.some((host) => isIn(host, groups.members))
  const voters = hosts.filter((host) => isIn(host, groups.voters))
  const members = hosts.filter(
    (host) => !voters.includes(host) && (isGrouped ? isIn(host, groups.members) : direct.has(host.name)),
  )
  const has = (host: Host): boolean =>
    members.includes(host) || voters.includes(host) || isIn(host, groups.serving)
  return {
    hosts: hosts.filter(has),
    members: members.map(({ name }) => name),
    voters: voters.map(({ name }) => name),
    strays: hosts.filter((host) => !has(host)),
  }
}

/** Hosts that are listed in a group itself and in no group below it. */
export function directHosts({ groups }: Pick<Layout, 'groups'>, name: string): ReadonlySet<string> {
  const below = new Set<string>()
  const descend = (group: string): void => {
    for (const child of groups.get(group)?.children ?? []) {
      // Ansible's own group for the hosts that are in no other.
      if (below.has(child) || child === 'ungrouped') continue
      below.add(child)
      descend(child)
    }
  }
  descend(name)
  const own = [...(groups.get(name)?.hosts ?? [])]
  const loose = name === 'all' ? [...(groups.get('ungrouped')?.hosts ?? [])] : []
  const inner = new Set([...below].flatMap((group) => [...(groups.get(group)?.hosts ?? [])]))
  return new Set([...own, ...loose].filter((host) => !inner.has(host)))
}

const list = (names: readonly string[]): string => names.join(', ')

/** Hosts of a cluster's group that the stack has no task for, and a cluster without members. */
export function checkBelonging(
  { members, voters, strays, hosts }: Belonging,
  groups: StackGroups,
  { name, group, at }: { readonly name: string; readonly group: string; readonly at: Span | undefined },
): Diagnostic[] {
  const place = at ? { at } : {}
  const [first = ''] = groups.members
  const known = [...groups.members, ...(groups.serving ?? []), ...(groups.voters ?? [])]
  const left = list(strays.map((host) => host.name))
  if (members.length === 0 && strays.length > 0) {
    const summary = `the cluster "${name}" has no members: none of its hosts (${left}) is in the group "${first}"`
    const hint = `put those that shall be members into a group "${first}": children: { ${first}: { hosts: { ${strays[0]?.name ?? ''}: } } }`
    return [problem('inventory/no-members', summary, { ...place, hint })]
  }
  const both = hosts.filter((host) => voters.includes(host.name) && isIn(host, groups.members))
  const twice = both.map((host) =>
    problem('inventory/two-tasks', `${host.name} is in "${first}" and in "${list(groups.voters ?? [])}"`, {
      ...place,
      hint: 'keep it in one of the two: a host that only votes holds no data',
    }),
  )
  if (strays.length === 0) return twice
  const [is, them] = strays.length === 1 ? ['has', 'it'] : ['have', 'them']
  const summary = `${left} ${is} no task in the cluster "${name}": hactl leaves ${them} alone`
  const hint = `groups with a task are ${list(known)}; to be rid of this, move "cluster" from "${group}" to a group without ${them}`
  return [...twice, { ...problem('inventory/no-task', summary, { ...place, hint }), severity: 'warning' }]
}
