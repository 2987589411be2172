import { clusterAddress } from '../inventory/topology.ts'
import type { Scope } from '../template/template.ts'
import type { HostState, RunOptions } from './context.ts'
import type { Play } from './playbook.ts'

/** Variables of every host by name, for `hosts.pg1.address`. */
export const hostTable = (options: RunOptions): Scope =>
  Object.fromEntries(
    [...options.hosts.values()].map((host) => [
      host.name,
      { ...host.vars, name: host.name, address: clusterAddress(host) },
    ]),
  )

/**
 * What a task of a host sees, later names over earlier ones: the host's variables, the run's (`cluster`, `params`,
 * `status`), the play's, registered results, those of the command line, `item`.
 */
export function taskScope(
  options: RunOptions,
  state: HostState,
  play: { readonly vars: Play['vars']; readonly table: Scope },
  extra: Scope = {},
): Scope {
  const base: Scope = {
    ...state.host.vars,
    hosts: play.table,
    groups: Object.fromEntries(options.groups),
    inventory_hostname: state.name,
    address: clusterAddress(state.host),
    ...options.vars,
    ...options.extraVars,
  }
  let own: Scope = base
  // A new scope for each: the template engine remembers what it was given by its identity.
  for (const [name, value] of Object.entries(play.vars))
    if (!Object.hasOwn(options.extraVars ?? {}, name))
      own = { ...own, [name]: options.templates.renderAll(value, own) }
  return { ...own, ...state.registered, ...options.extraVars, ...extra }
}

/** Looks a dotted path up; undefined when a part does not exist. */
export const lookupPath = (scope: Scope, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    return (value as Readonly<Record<string, unknown>>)[key]
  }, scope)
