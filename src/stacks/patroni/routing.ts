import type { Cluster, Host } from '../../inventory/inventory.ts'
import { clusterAddress, members, serving } from '../../inventory/topology.ts'
import type { Profile, Timing } from './timing.ts'
import type { PatroniVars } from './vars.ts'

const CALLBACK = '/usr/local/lib/hactl/patroni-callback'
const EVENTS = ['on_start', 'on_stop', 'on_restart', 'on_role_change'] as const

/**
 * Seconds for which the kernel keeps the address without a renewal. When Patroni last answered, its lease was at
 * most one loop and one round of retries old: the address is gone before the rest of the lease is.
 */
export const addressLifetime = ({ ttl, loopWait, retryTimeout }: Timing): number =>
  Math.min(10, Math.max(2, ttl - loopWait - retryTimeout - 1))

/** Times of HAProxy's checks: a member is taken out after `fall` failures and back after `rise` successes. */
const CHECKS: Readonly<Record<Profile, object>> = {
  fast: { inter: '1s', fastinter: '200ms', downinter: '500ms', timeout: '1s', fall: 2, rise: 1 },
  normal: { inter: '2s', fastinter: '500ms', downinter: '1s', timeout: '2s', fall: 3, rise: 1 },
  safe: { inter: '3s', fastinter: '1s', downinter: '2s', timeout: '3s', fall: 3, rise: 2 },
}

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

const names = (hosts: readonly Host[]): readonly string[] => hosts.map(({ name }) => name)

/** Per way, the hosts that have it and the hosts of the cluster that must not: `on` and `off`. */
function waysOf(cluster: Cluster, { routing, writer_vip: vip }: PatroniVars) {
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

/** keepalived's values by host. The router's number is the last part of the address: unique where addresses are. */
function keepalivedOf(cluster: Cluster, vip: PatroniVars['writer_vip']) {
  const proxies = serving(cluster, 'proxy')
  const by = (value: (host: Host, index: number) => unknown) =>
    Object.fromEntries(proxies.map((host, index) => [host.name, value(host, index)]))
  const [, last = ''] = /\.(\d+)\//.exec(vip?.address ?? '') ?? []
  return {
    router: Number(last) || 1,
    nics: by(({ vars }) => vars['nic'] ?? ''),
    priorities: by((_, index) => 100 - index),
    peers: by((host) => proxies.filter((other) => other !== host).map(clusterAddress)),
  }
}

/** The ways to the primary as templates and playbooks need them, `cluster.ways`. Pure. */
export function waysTo(cluster: Cluster, vars: PatroniVars, timing: Timing) {
  const { rest, namespace, scope } = vars.patroni
  const hosts = members(cluster)
  const url = (host: Host) => `${rest.tls ? 'https' : 'http'}://${clusterAddress(host)}:${rest.port}/primary`
  const etcd = (host: Host) =>
    `${vars.etcd.tls ? 'https' : 'http'}://${clusterAddress(host)}:${vars.etcd.client_port}`
  return {
    ...waysOf(cluster, vars),
    /** Port of `writer_vip`. */
    service_port: vars.routing.by === 'haproxy' ? vars.routing.proxy.primary_port : vars.postgres.port,
    callback: { script: CALLBACK, own: chained(vars) },
    vip: {
      lifetime: addressLifetime(timing),
      urls: Object.fromEntries(hosts.map((host) => [host.name, url(host)])),
    },
    vip_manager: {
      key: `${namespace}${scope ?? cluster.name}/leader`,
      endpoints: serving(cluster, 'etcd').map(etcd),
    },
    servers: hosts.map((host) => ({ name: host.name, address: clusterAddress(host) })),
    checks: CHECKS[vars.timing],
    keepalived: keepalivedOf(cluster, vars.writer_vip),
  }
}
