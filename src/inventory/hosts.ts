import { resolve } from 'node:path'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { connectionOf } from './connection.ts'
import type { Host, Vars } from './inventory.ts'
import type { Layer, Layout } from './layout.ts'
import { type FileLayers, ancestry, groupsOfHosts, mergeVars } from './merge.ts'
import { resolveVars } from './references.ts'
import { checkLinks, checkUniqueAddresses } from './topology.ts'

export interface HostsInput {
  readonly dir: string
  readonly layout: Layout
  readonly files: FileLayers
  /** Variables that come from elsewhere: secrets. */
  readonly extra: Vars
}

/** Every host with its merged variables and its connection, in file order. */
export function readHosts(input: HostsInput): {
  readonly hosts: readonly Host[]
  readonly diagnostics: readonly Diagnostic[]
} {
  const diagnostics: Diagnostic[] = []
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
    const resolved = resolveVars({ vars: layer, extra: { ...input.extra, ...magic } })
    const vars = { ...resolved.vars, ...input.extra }
    const { connection, diagnostics: problems } = connectionOf({
      host: name,
      dir: input.dir,
      vars,
      written: layer,
    })
    diagnostics.push(...resolved.diagnostics, ...problems)
    hosts.push({ name, groups, vars, connection })
  }
  return { hosts, diagnostics: [...diagnostics, ...checkAddresses(input.layout, hosts, written)] }
}

function checkAddresses(
  layout: Layout,
  hosts: readonly Host[],
  written: ReadonlyMap<string, Layer>,
): Diagnostic[] {
  const links = hosts.flatMap((host) => {
    const sourced = written.get(host.name)?.get('links')
    return checkLinks(host, (index) =>
      sourced?.source.where(index === undefined ? sourced.path : [...sourced.path, index]),
    )
  })
  const doubles = checkUniqueAddresses(hosts, (host, address) => {
    const layer = written.get(host.name)
    const isMain = address === host.connection.address
    const sourced = layer?.get(isMain ? 'ansible_host' : 'links')
    const links = host.vars['links']
    const path = isMain || !Array.isArray(links) ? [] : [links.indexOf(address)]
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
