import type { Cluster, Host } from '../../inventory/inventory.ts'
import { members, serving } from '../../inventory/topology.ts'
import type { Timing } from './timing.ts'
import type { PatroniVars } from './vars.ts'

const CALLBACK = '/usr/local/lib/hactl/patroni-callback'
const EVENTS = ['on_start', 'on_stop', 'on_restart', 'on_role_change'] as const

/**
 * Seconds for which the kernel keeps the address without a renewal. When Patroni last answered, its lease was at
 * most one loop and one round of retries old: the address is gone before the rest of the lease is.
 */
export const addressLifetime = ({ ttl, loopWait, retryTimeout }: Timing): number =>
  Math.min(10, Math.max(2, ttl - loopWait - retryTimeout - 1))

/**
 * Patroni's `callbacks`: hactl's script, which calls the user's own, where it carries the address; else the user's
 * own alone. Null when there is none.
 */
export function callbacksOf({ routing, patroni }: PatroniVars): Readonly<Record<string, string>> | null {
  const own = patroni.callbacks
  if (routing.by !== 'callback') return Object.keys(own).length > 0 ? own : null
  const ours = Object.fromEntries(EVENTS.map((event) => [event, CALLBACK]))
  return { ...own, ...ours }
}

/** The user's own callbacks that hactl's script calls. */
const chained = ({ patroni }: PatroniVars) =>
  EVENTS.flatMap((event) => {
    const command = patroni.callbacks[event]
    return command === undefined ? [] : [{ event, command }]
  })

/** Per way, the hosts that have it and the hosts of the cluster that must not: `on` and `off`. */
function waysOf(cluster: Cluster, { routing, writer_vip: vip }: PatroniVars) {
  const names = (hosts: readonly Host[]) => hosts.map(({ name }) => name)
  const carriers = names(members(cluster))
  const proxies = names(serving(cluster, 'proxy'))
  const every = [...new Set([...carriers, ...proxies])]
  const on = {
    callback: routing.by === 'callback' ? carriers : [],
    vip_manager: routing.by === 'vip-manager' ? carriers : [],
    haproxy: routing.by === 'haproxy' ? proxies : [],
    keepalived: routing.by === 'haproxy' && vip ? proxies : [],
  }
  const off = Object.fromEntries(
    Object.entries(on).map(([way, hosts]) => [way, every.filter((name) => !hosts.includes(name))]),
  )
  return { on, off }
}

/** Values for the templates and playbooks of the clients' address, merged into `cluster` as `routing`. Pure. */
export function routingOf(cluster: Cluster, vars: PatroniVars, timing: Timing) {
  const { rest } = vars.patroni
  const scheme = rest.tls ? 'https' : 'http'
  const hosts = members(cluster)
  const url = (address: string): string => `${scheme}://${address}:${rest.port}/primary`
  return {
    ...vars.routing,
    ...waysOf(cluster, vars),
    callback: { script: CALLBACK, own: chained(vars) },
    vip: {
      lifetime: addressLifetime(timing),
      urls: Object.fromEntries(hosts.map(({ name, connection }) => [name, url(connection.address)])),
    },
  }
}
