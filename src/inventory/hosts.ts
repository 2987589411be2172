import { resolve } from 'node:path'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { connectionOf } from './connection.ts'
import type { Host, Value, Vars } from './inventory.ts'
import type { Layer, Layout } from './layout.ts'
import { type FileLayers, ancestry, groupsOfHosts, mergeVars } from './merge.ts'
import { type Scope, findExpressions, resolveVars } from './references.ts'
import { checkLinks, checkUniqueAddresses } from './topology.ts'

export interface HostsInput {
  readonly dir: string
  readonly layout: Layout
  readonly files: FileLayers
  /** Variables that come from elsewhere: secrets. */
  readonly extra: Vars
}

/** Hosts as read, and what is wrong with each. */
export interface ReadHosts {
  readonly hosts: readonly Host[]
  /** What is wrong with one host, or between two. */
  readonly problems: readonly { readonly hosts: readonly string[]; readonly diagnostic: Diagnostic }[]
}

/** Variables of a host that hactl acts on; others are only there for playbooks. */
export const isOurs = (name: string): boolean =>
  name.startsWith('ansible_') || ['cluster', 'links', 'nic', 'tags'].includes(name)

/** Every host with its merged variables and its connection, in file order. */
export function readHosts(input: HostsInput): ReadHosts {
  const problems: { hosts: readonly string[]; diagnostic: Diagnostic }[] = []
  const written = new Map<string, Layer>()
  const hosts: Host[] = []
  for (const [name, groups] of groupsOfHosts(input.layout)) {
    const layer = mergeVars(input.layout, input.files, groups, name)
    written.set(name, layer)
    const magic = {
      inventory_hostname: name,
      group_names: groups.filter((group) => group !== 'all'),
      // Ansible gives the folder as an absolute path.
      inventory_dir: resolve(input.dir),
    }
    const resolved = resolveHost({ vars: layer, extra: { ...input.extra, ...magic } })
    const vars = { ...resolved.vars, ...input.extra }
    const made = connectionOf({ host: name, dir: input.dir, vars, written: layer })
    const found = [...resolved.diagnostics, ...made.diagnostics]
    problems.push(...found.map((diagnostic) => ({ hosts: [name], diagnostic })))
    const where = (variable: string) => {
      const sourced = layer.get(variable)
      return sourced ? sourced.source.where(sourced.path) : input.layout.hosts.get(name)?.at
    }
    hosts.push({ name, groups, vars, connection: made.connection, where })
  }
  return { hosts, problems: [...problems, ...checkAddresses(input.layout, hosts, written)] }
}

/**
 * The variables of one host. What hactl acts on must be understood. A variable of the user's own that cannot be (an
 * expression, a reference to nothing) is left out with a warning: an estate's inventory is full of them.
 */
function resolveHost(scope: Scope): { readonly vars: Vars; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const vars: Record<string, Value> = {}
  for (const [name, sourced] of scope.vars) {
    const isAbsent = name !== 'cluster' && findExpressions(sourced).length > 0
    // An expression in a variable of the user's own, or in `cluster`, is told once, where it is written.
    if (isAbsent && isOurs(name)) diagnostics.push(...findExpressions(sourced))
    if (isAbsent) continue
    const resolved = resolveVars(scope, [name])
    const found = resolved.diagnostics.map((each) =>
      isOurs(name) ? each : { ...each, severity: 'warning' as const },
    )
    diagnostics.push(...found)
    if (isOurs(name) || found.length === 0) vars[name] = resolved.vars[name] ?? null
  }
  return { vars, diagnostics }
}

/**
 * What is wrong with hosts, by who is asked about: an error for hosts of a cluster; for others a warning, and an error
 * as soon as hactl is to connect to one of them.
 */
export function judgeHosts(
  { hosts, problems }: ReadHosts,
  clustered: ReadonlySet<string>,
): { readonly hosts: readonly Host[]; readonly diagnostics: readonly Diagnostic[] } {
  const broken = new Map<string, Diagnostic[]>()
  const diagnostics = problems.map(({ hosts: names, diagnostic }): Diagnostic => {
    if (names.every((name) => clustered.has(name)) || diagnostic.severity !== 'error') return diagnostic
    const [only, other] = names
    if (only !== undefined && other === undefined) {
      broken.set(only, [...(broken.get(only) ?? []), diagnostic])
    }
    return { ...diagnostic, severity: 'warning' }
  })
  const judged = hosts.map((host) => {
    const own = broken.get(host.name)
    return own ? { ...host, connection: { ...host.connection, problems: own } } : host
  })
  return { hosts: judged, diagnostics }
}

function checkAddresses(
  layout: Layout,
  hosts: readonly Host[],
  written: ReadonlyMap<string, Layer>,
): ReadHosts['problems'] {
  const links = hosts.flatMap((host) => {
    const sourced = written.get(host.name)?.get('links')
    return checkLinks(host, (index) =>
      sourced?.source.where(index === undefined ? sourced.path : [...sourced.path, index]),
    ).map((diagnostic) => ({ hosts: [host.name], diagnostic }))
  })
  const doubles = checkUniqueAddresses(hosts, (host, address) => {
    const layer = written.get(host.name)
    const isMain = address === host.connection.address
    const sourced = layer?.get(isMain ? 'ansible_host' : 'links')
    const own = host.vars['links']
    const path = isMain || !Array.isArray(own) ? [] : [own.indexOf(address)]
    return sourced ? sourced.source.where([...sourced.path, ...path]) : layout.hosts.get(host.name)?.at
  })
  return [...links, ...doubles]
}

/** Groups with a `cluster` variable of their own, and the variables that hold for each. */
export function readCarriers(layout: Layout, files: FileLayers): ReadonlyMap<string, Layer> {
  const above = ancestry(layout)
  const carries = (name: string): boolean =>
    layout.groups.get(name)?.vars.has('cluster') === true || files.groups.get(name)?.has('cluster') === true
  const names = [...layout.groups.keys()].filter(carries)
  return new Map(names.map((name) => [name, mergeVars(layout, files, above([name]))]))
}

/** Hosts of every group, those of its children included, in file order. */
export function groupMembers(layout: Layout, hosts: readonly Host[]): ReadonlyMap<string, readonly string[]> {
  const within = (group: string): readonly string[] =>
    hosts.filter((host) => host.groups.includes(group)).map((host) => host.name)
  return new Map([...layout.groups.keys()].map((group) => [group, within(group)]))
}
