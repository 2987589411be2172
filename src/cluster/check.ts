import { isIP } from 'node:net'
import { problem } from '../diag/diagnostic.ts'
import type { Diagnostic } from '../diag/diagnostic.ts'
import type { Cluster, Host } from '../inventory/inventory.ts'
import { clusterAddresses } from '../inventory/topology.ts'
import { isWhole } from '../inventory/unknown.ts'
import type { PostgresVars } from './vars.ts'

type Path = readonly (string | number)[]

/** The place of a key of `cluster`, added to what a diagnostic says. */
export const at = (cluster: Cluster, path: Path, more: Partial<Diagnostic>): Partial<Diagnostic> => {
  const place = cluster.where(path)
  return place ? { ...more, at: place } : more
}

/** The place of a variable of a host; without one, or where it is not written, of the host. */
export const atHost = (host: Host, variable = ''): Partial<Diagnostic> => {
  const place = host.where?.(variable)
  return place ? { at: place } : {}
}

/**
 * Addresses that programs of a cluster listen on and reach each other by: `links`, else `ansible_host`. A name cannot be
 * bound, and resolves to something else on another host.
 */
export const checkAddresses = (cluster: Cluster): Diagnostic[] =>
  cluster.hosts.flatMap((host) => {
    const named = clusterAddresses(host).find((address) => isIP(address) === 0)
    if (named === undefined) return []
    const place = atHost(host, host.vars['links'] === undefined ? 'ansible_host' : 'links')
    const summary = `${host.name} is known by the name ${named} alone: the cluster's programs need its address to listen on`
    const hint = `name its address in the cluster's network: links: [ADDRESS], or write it as ansible_host`
    return [problem('cluster/no-address', summary, { ...place, hint })]
  })

/** Settings the user may not choose, with the reason, and values of them that are fine all the same. */
export interface OwnedSettings {
  readonly why: Readonly<Record<string, string>>
  readonly allowed: Readonly<Record<string, readonly string[]>>
}

/** Settings of `cluster.postgres.settings` that belong to the cluster. `area` starts the code. */
export function checkSettings(
  cluster: Cluster,
  area: string,
  { settings }: PostgresVars,
  owned: OwnedSettings,
): Diagnostic[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    const key = name.toLowerCase()
    const why = owned.why[key]
    if (why === undefined || owned.allowed[key]?.includes(String(value))) return []
    const summary = `the setting ${name} belongs to the cluster and cannot be ${String(value)}`
    const more = at(cluster, ['postgres', 'settings', name], { hint: `remove it: ${why}` })
    return [problem(`${area}/owned-setting`, summary, more)]
  })
}

/** Roles that belong to the cluster, and databases of an owner that is no role. */
export function checkRoles(
  cluster: Cluster,
  area: string,
  { roles, databases }: PostgresVars,
  owned: readonly string[],
): Diagnostic[] {
  const names = new Set(roles.map((role) => role.name))
  const taken = roles.flatMap((role, index) =>
    owned.includes(role.name)
      ? [
          problem(
            `${area}/owned-role`,
            `the role ${role.name} belongs to the cluster`,
            at(cluster, ['postgres', 'roles', index, 'name'], { hint: 'choose another name' }),
          ),
        ]
      : [],
  )
  const owners = databases.flatMap(({ name, owner }, index) =>
    owner === 'postgres' || names.has(owner) || !isWhole(roles)
      ? []
      : [
          problem(
            `${area}/unknown-owner`,
            `the database ${name} belongs to ${owner}, which is no role here`,
            at(cluster, ['postgres', 'databases', index, 'owner'], {
              hint: 'add the role to postgres.roles',
            }),
          ),
        ],
  )
  return [...taken, ...owners]
}
