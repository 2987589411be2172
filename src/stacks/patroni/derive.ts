import { isIP } from 'node:net'
import { dirname } from 'node:path'
import type { Cluster, Host } from '../../inventory/inventory.ts'
import { addressesOf, clusterAddresses, members, serving } from '../../inventory/topology.ts'
import { joinText, Secret } from '../../lib/secret.ts'
import type { Text } from '../../lib/secret.ts'
import { etcdPlaceOf } from '../../parts/etcd/place.ts'
import { TLS } from '../../parts/etcd/reading.ts'
import { dynamicOf } from './dynamic.ts'
import { hbaOf, pathsOf } from './postgres.ts'
import { callbacksOf, waysTo } from './routing.ts'
import { timingOf } from './timing.ts'
import type { PatroniVars } from './vars.ts'

/** The checked variable; the inventory has filled its defaults and proved its shape. */
export const varsOf = (cluster: Cluster): PatroniVars => cluster.vars as unknown as PatroniVars

/** The user of etcd that Patroni is, and its password, as etcdctl takes them; undefined without the secret. */
function etcdUserOf({ hosts }: Cluster): Text | undefined {
  const secrets = hosts[0]?.vars['secrets']
  const password =
    typeof secrets === 'object' && secrets !== null && Reflect.get(secrets, 'etcd_patroni_password')
  return password instanceof Secret ? joinText(['patroni:', password, '\n']) : undefined
}

/** Everything the rest of the stack needs of a cluster, made once. */
export function factsOf(cluster: Cluster) {
  const vars = varsOf(cluster)
  const hosts = members(cluster)
  const timing = timingOf(vars.timing, vars.patroni.settings)
  return {
    vars,
    hosts,
    members: hosts.map((host) => host.name),
    timing,
    paths: pathsOf(vars),
    dcs: etcdPlaceOf(cluster, vars.etcd),
    etcdUser: etcdUserOf(cluster),
    scope: vars.patroni.scope ?? cluster.name,
    proxies: vars.routing.by === 'haproxy' ? serving(cluster, 'proxy') : [],
  }
}

export type Facts = ReturnType<typeof factsOf>

/** Host name → its interface for virtual addresses, where the inventory names one. */
const nics = (hosts: readonly Host[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    hosts.flatMap(({ name, vars }) => (typeof vars['nic'] === 'string' ? [[name, vars['nic']]] : [])),
  )

function writerOf({ vars }: Facts, hosts: readonly Host[]) {
  if (!vars.writer_vip || vars.routing.by === 'none') return null
  const [ip = '', prefix = '24'] = vars.writer_vip.address.split('/')
  return {
    ip,
    prefix,
    address: vars.writer_vip.address,
    nics: nics(hosts),
    label: vars.writer_vip.label ?? null,
  }
}

/** Tags by member (Patroni documentation, "Tags"); the inventory's host variable `tags`. */
const tagsOf = (hosts: readonly Host[]) =>
  Object.fromEntries(
    hosts.map(({ name, vars }) => {
      const tags = vars['tags']
      return [name, typeof tags === 'object' && tags !== null ? tags : {}]
    }),
  )

/**
 * Values for playbooks and templates, merged into `cluster`. What is fixed or plain stays in the playbook; what
 * depends on versions, times or the other hosts is computed here.
 */
export function derive(cluster: Cluster): Readonly<Record<string, unknown>> {
  const facts = factsOf(cluster)
  const { vars, hosts, timing, paths, dcs } = facts
  const every = [...new Set([...hosts, ...serving(cluster, 'etcd'), ...facts.proxies])]
  return {
    first: hosts[0]?.name ?? '',
    others: hosts.slice(1).map((host) => host.name),
    every: every.map((host) => host.name),
    addresses: [...new Set(every.flatMap(addressesOf))],
    // For /etc/hosts: a name is no address there.
    nodes: every.map((host) => ({
      name: host.name,
      addresses: clusterAddresses(host).filter((address) => isIP(address) > 0),
    })),
    // The port as text too: arguments of commands are texts.
    pg: { ...paths, port: String(vars.postgres.port) },
    scope: facts.scope,
    rest: { ...vars.patroni.rest, scheme: vars.patroni.rest.tls ? 'https' : 'http' },
    times: timing,
    dcs: { ...dcs, heartbeatMs: timing.heartbeatMs, electionMs: timing.electionMs },
    tls: {
      used: vars.etcd.tls || vars.patroni.rest.tls,
      dir: dirname(TLS.ca),
      ...TLS,
    },
    tags: tagsOf(hosts),
    writer: writerOf(facts, hosts),
    proxies: facts.proxies.map((host) => host.name),
    callbacks: callbacksOf(vars),
    ways: waysTo(cluster, vars, timing),
    dynamic: dynamicOf(vars, timing),
    hba: hbaOf(vars, hosts),
  }
}
