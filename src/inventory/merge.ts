import type { Layer, Layout, MutableLayer, Sourced } from './layout.ts'

/** Variables from `group_vars/` and `host_vars/`, by name. */
export interface FileLayers {
  readonly groups: ReadonlyMap<string, MutableLayer>
  readonly hosts: ReadonlyMap<string, MutableLayer>
}

/** Longest way from `all` to each group: Ansible's depth, which decides what overrides what. */
export function groupDepths(layout: Pick<Layout, 'groups'>): ReadonlyMap<string, number> {
  const depths = new Map<string, number>()
  const descend = (name: string, depth: number): void => {
    if ((depths.get(name) ?? -1) >= depth) return
    depths.set(name, depth)
    for (const child of layout.groups.get(name)?.children ?? []) descend(child, depth + 1)
  }
  descend('all', 0)
  return depths
}

/** Every group that holds a host, directly or through children, in merge order: depth, priority, name; `all` first. */
export function groupsOfHosts(layout: Layout): ReadonlyMap<string, readonly string[]> {
  const above = ancestry(layout)
  const direct = new Map<string, string[]>()
  for (const each of layout.groups.values()) {
    for (const host of each.hosts) direct.set(host, [...(direct.get(host) ?? []), each.name])
  }
  return new Map([...layout.hosts.keys()].map((host) => [host, above(direct.get(host) ?? [])]))
}

/** Gives groups with all groups above them, in merge order. */
export function ancestry(layout: Layout): (groups: readonly string[]) => readonly string[] {
  const order = mergeOrder(layout)
  const parents = new Map<string, string[]>()
  for (const each of layout.groups.values()) {
    for (const child of each.children) parents.set(child, [...(parents.get(child) ?? []), each.name])
  }
  const climb = (name: string, seen: Set<string>): void => {
    if (seen.has(name)) return
    seen.add(name)
    for (const parent of parents.get(name) ?? []) climb(parent, seen)
  }
  return (groups) => {
    const seen = new Set<string>(['all'])
    for (const name of groups) climb(name, seen)
    return [...seen].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
  }
}

/** Rank of every group when variables are merged; a later one overrides an earlier one. */
export function mergeOrder(layout: Layout): ReadonlyMap<string, number> {
  const depths = groupDepths(layout)
  const priority = (name: string): number => layout.groups.get(name)?.priority ?? 1
  const rank = (a: string, b: string): number =>
    (depths.get(a) ?? 0) - (depths.get(b) ?? 0) || priority(a) - priority(b) || (a < b ? -1 : a > b ? 1 : 0)
  return new Map([...layout.groups.keys()].sort(rank).map((name, index) => [name, index]))
}

/**
 * Variables for the groups given in merge order, and a host if there is one. Ansible's precedence, weakest first:
 * all (inventory), other groups (inventory), group_vars/all, group_vars of the others, host (inventory), host_vars.
 * A variable is replaced as a whole; maps are not merged.
 */
export function mergeVars(
  layout: Pick<Layout, 'groups' | 'hosts'>,
  files: FileLayers,
  groups: readonly string[],
  host?: string,
): Map<string, Sourced> {
  const others = groups.filter((name) => name !== 'all')
  const inInventory = (name: string): Layer | undefined => layout.groups.get(name)?.vars
  const inFiles = (name: string): Layer | undefined => files.groups.get(name)
  const layers = [
    inInventory('all'),
    ...others.map(inInventory),
    inFiles('all'),
    ...others.map(inFiles),
    ...(host === undefined ? [] : [layout.hosts.get(host)?.vars, files.hosts.get(host)]),
  ]
  return new Map(layers.flatMap((layer) => [...(layer ?? [])]))
}
