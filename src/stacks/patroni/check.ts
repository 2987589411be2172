import { isIP } from 'node:net'
import { checkServer } from '../../cluster/check-server.ts'
import { at, atHost, checkAddresses, checkRoles, checkSettings } from '../../cluster/check.ts'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { clusterAddress, members, serving, witnesses } from '../../inventory/topology.ts'
import { allOf, known } from '../../inventory/unknown.ts'
import { varsOf } from './derive.ts'
import { checkFreeze } from './guard.ts'
import { checkAddressing } from './routing-check.ts'
import { timingOf, timingRules } from './timing.ts'

type Rule = (cluster: Cluster) => readonly Diagnostic[]

/** Settings that Patroni sets: another value is ignored by it or breaks the cluster. */
const OWNED = {
  why: {
    port: 'use cluster.postgres.port',
    data_directory: 'use cluster.postgres.data_dir',
    listen_addresses: 'the members must reach each other; restrict clients in cluster.postgres.hba',
    cluster_name: 'Patroni sets it to the scope',
    hot_standby: 'Patroni asks standbys by SQL',
    wal_level: 'standbys need replica or logical',
    wal_log_hints: 'pg_rewind needs it',
    synchronous_standby_names: 'Patroni sets it; choose cluster.replication.mode',
    primary_conninfo: 'Patroni sets it',
    primary_slot_name: 'Patroni sets it',
    recovery_target_timeline: 'standbys must follow the latest timeline',
    hba_file: 'use cluster.postgres.hba',
  },
  allowed: {
    wal_level: ['replica', 'logical'],
    hot_standby: ['on', 'true'],
    wal_log_hints: ['on', 'true'],
    recovery_target_timeline: ['latest'],
    listen_addresses: ['*'],
  },
} as const

const checkMembers: Rule = (cluster) => {
  const found: Diagnostic[] = []
  const { length } = members(cluster)
  if (length < 2) {
    const summary = `the cluster has ${length} member: high availability needs two or more`
    found.push(
      problem('patroni/too-few-members', summary, at(cluster, [], { hint: 'add hosts to its group' })),
    )
  }
  if (witnesses(cluster).length > 0) {
    const hint = 'move it to the group "etcd": there it votes and holds no data'
    found.push(problem('patroni/witness', 'a witness has no task in this stack', at(cluster, [], { hint })))
  }
  return found
}

/** An even number of votes stands no more failures than one less (etcd documentation, "Failure tolerance"). */
const checkEtcd: Rule = (cluster) => {
  const { length } = serving(cluster, 'etcd')
  if (length % 2 === 1 && length > 1) return []
  const one = length === 1
  const summary = one
    ? 'etcd has one member: the cluster stands as long as that host does'
    : `etcd has ${length} members: an even number stands no more failures than ${length - 1}`
  const hint = 'give the group "etcd" three or five hosts; they need no PostgreSQL'
  return [
    problem('patroni/etcd-members', summary, {
      ...at(cluster, ['etcd'], { hint }),
      severity: one ? 'warning' : 'error',
    }),
  ]
}

const checkTiming: Rule = (cluster) => {
  const vars = varsOf(cluster)
  const timing = timingOf(vars.timing, vars.patroni.settings)
  return timingRules(timing)
    .filter((rule) => !rule.holds)
    .map((rule) =>
      problem(
        'patroni/timing',
        `the times do not fit: ${rule.name} does not hold`,
        at(cluster, ['patroni', 'settings'], {
          detail: rule.why,
          hint: 'remove ttl, loop_wait and retry_timeout there; the profile has times that fit',
        }),
      ),
    )
}

const checkRouting: Rule = (cluster) => {
  const { routing, writer_vip: vip } = varsOf(cluster)
  if (routing.by === 'none' && vip) {
    const hint = 'remove writer_vip, or choose routing: { by: callback }'
    return [
      problem(
        'patroni/unused-vip',
        'routing is none, so nothing would carry writer_vip',
        at(cluster, ['writer_vip'], { hint }),
      ),
    ]
  }
  if ((routing.by === 'callback' || routing.by === 'vip-manager') && !vip) {
    const hint = 'add writer_vip: { address: ADDRESS/PREFIX }, or choose routing: { by: none }'
    return [
      problem(
        'patroni/no-vip',
        `routing by ${routing.by} needs writer_vip`,
        at(cluster, ['routing'], { hint }),
      ),
    ]
  }
  const proxies = serving(cluster, 'proxy').length
  if (routing.by === 'haproxy' && vip && proxies < 2) {
    const hint =
      'add a second host to the group "proxy", or remove writer_vip and let clients use the one proxy'
    return [
      problem(
        'patroni/one-proxy',
        'writer_vip cannot move: there is one proxy',
        at(cluster, ['writer_vip'], { hint }),
      ),
    ]
  }
  return []
}

type Path = readonly (string | number)[]

/** Of two keys the one that stands in the file; the other is a default. */
const written = (cluster: Cluster, one: Path, other: Path): Path =>
  cluster.where(one)?.line === cluster.where([])?.line ? other : one

/** Two programs cannot listen on one port of a host. */
const checkPorts: Rule = (cluster) => {
  const { postgres, patroni, etcd, routing } = varsOf(cluster)
  const proxies = known(() => (routing.by === 'haproxy' ? [routing.proxy] : []))
  const port = (what: string, path: Path, read: () => number) => known(() => [[what, read(), path] as const])
  const ports = [
    ...port('PostgreSQL', ['postgres', 'port'], () => postgres.port),
    ...port('the REST API', ['patroni', 'rest', 'port'], () => patroni.rest.port),
    ...port('etcd for clients', ['etcd', 'client_port'], () => etcd.client_port),
    ...port('etcd for its members', ['etcd', 'peer_port'], () => etcd.peer_port),
    ...proxies.flatMap((proxy) => [
      ...port('the proxy to the primary', ['routing', 'proxy', 'primary_port'], () => proxy.primary_port),
      ...port('the proxy to a standby', ['routing', 'proxy', 'replica_port'], () => proxy.replica_port),
      ...port("the proxy's statistics", ['routing', 'proxy', 'stats_port'], () => proxy.stats_port),
    ]),
  ]
  return ports.flatMap(([what, port, path], index) => {
    const other = ports.slice(0, index).find(([, taken]) => taken === port)
    if (!other) return []
    const more = at(cluster, written(cluster, path, other[2]), { hint: 'give each its own port' })
    return [problem('patroni/same-port', `${what} and ${other[0]} both use port ${port}`, more)]
  })
}

/** An IPv6 address stands in brackets before a port, in six files of four programs; none of that was ever run. */
const checkIpv4: Rule = (cluster) =>
  cluster.hosts
    .filter((host) => isIP(clusterAddress(host)) === 6)
    .map((host) => {
      const place = atHost(host, host.vars['links'] === undefined ? 'ansible_host' : 'links')
      const summary = `${host.name} has the IPv6 address ${clusterAddress(host)}: this stack is built for IPv4`
      const hint = 'name an IPv4 address first: links: [ADDRESS], or write it as ansible_host'
      return problem('patroni/ipv6', summary, { ...place, hint })
    })

const checkVersion: Rule = (cluster) => {
  const { version } = varsOf(cluster).postgres
  if (version >= 12 && version <= 18) return []
  const summary = `PostgreSQL ${version} is not supported`
  return [
    problem('patroni/version', summary, at(cluster, ['postgres', 'version'], { hint: 'write 12 to 18' })),
  ]
}

const checkSync: Rule = (cluster) => {
  const { replication } = varsOf(cluster)
  const standbys = members(cluster).length - 1
  if (replication.mode === 'async' || replication.synchronous_nodes <= standbys) return []
  const summary = `${replication.synchronous_nodes} standbys must confirm, and the cluster has ${standbys}`
  const hint = `write ${standbys} or less`
  return [
    problem('patroni/too-many-sync', summary, at(cluster, ['replication', 'synchronous_nodes'], { hint })),
  ]
}

const TAGS = new Set([
  'nofailover',
  'noloadbalance',
  'clonefrom',
  'nosync',
  'replicatefrom',
  'failover_priority',
  'sync_priority',
  'nostream',
])

/** Tags are the user's too, but a slip of a known one would go unnoticed. */
const checkTags: Rule = (cluster) =>
  members(cluster).flatMap((host) => {
    const { tags } = host.vars
    if (tags === undefined) return []
    const place = atHost(host, 'tags')
    if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) {
      const hint = 'write tags: { nofailover: true }'
      return [problem('patroni/tags', `tags of ${host.name} must be a map`, { ...place, hint })]
    }
    const from: unknown = Reflect.get(tags, 'replicatefrom')
    const names = members(cluster).map(({ name }) => name)
    const found: Diagnostic[] = []
    if (typeof from === 'string' && (!names.includes(from) || from === host.name)) {
      const hint = `name one of ${names.filter((name) => name !== host.name).join(', ')}`
      found.push(problem('patroni/tags', `${host.name} cannot replicate from ${from}`, { ...place, hint }))
    }
    const slips = Object.keys(tags)
      .filter((tag) => !TAGS.has(tag) && TAGS.has(tag.replaceAll(/[-_]/g, '').toLowerCase()))
      .map((tag) =>
        problem(
          'patroni/tags',
          `the tag ${tag} of ${host.name} is written ${tag.replaceAll(/[-_]/g, '').toLowerCase()}`,
          { ...place, hint: 'correct it' },
        ),
      )
    return [...found, ...slips]
  })

/** The replication slot that Patroni makes for a member (its documentation, "Replication slots"). */
const slotOf = (name: string): string => name.toLowerCase().replaceAll(/[-.]/g, '_')

/** Two members with one slot would take each other's WAL away. */
const checkSlots: Rule = (cluster) =>
  members(cluster).flatMap((host, index, hosts) => {
    const other = hosts.slice(0, index).find(({ name }) => slotOf(name) === slotOf(host.name))
    // Names that differ in capital letters alone are refused for every stack.
    if (!other || other.name.toLowerCase() === host.name.toLowerCase()) return []
    const summary = `${other.name} and ${host.name} would share the replication slot ${slotOf(host.name)}`
    return [problem('patroni/same-slot', summary, { ...atHost(host), hint: 'rename one of them' })]
  })

/** keepalived's own protocol has no port, and `firewall_port` opens ports alone. */
const checkVrrp: Rule = (cluster) => {
  const { firewall, routing, writer_vip: vip } = varsOf(cluster)
  if (!firewall.open_ports || routing.by !== 'haproxy' || vip === undefined) return []
  const summary =
    'firewall.open_ports does not let VRRP through, by which the proxies agree who has the address'
  const more = {
    detail: 'A proxy that hears no other takes the address, so a closed firewall gives it to all of them.',
    hint: 'on each proxy with firewalld: firewall-cmd --permanent --add-protocol=vrrp && firewall-cmd --reload; with ufw, before COMMIT in /etc/ufw/before.rules: -A ufw-before-input -p vrrp -j ACCEPT',
  }
  const where = at(cluster, ['firewall', 'open_ports'], more)
  return [{ ...problem('patroni/vrrp', summary, where), severity: 'warning' }]
}

const RULES: readonly Rule[] = [
  checkVersion,
  checkMembers,
  checkEtcd,
  checkAddresses,
  checkIpv4,
  checkTiming,
  checkRouting,
  (each) => checkAddressing(each, varsOf(each)),
  checkPorts,
  checkVrrp,
  checkSync,
  checkTags,
  checkSlots,
  checkFreeze,
  (each) => checkServer(each, varsOf(each).postgres),
  (each) => checkSettings(each, 'patroni', varsOf(each).postgres, OWNED),
  (each) => {
    const { postgres, replication } = varsOf(each)
    const own = known(() => [replication.user]).concat(known(() => [replication.rewind_user]))
    return checkRoles(each, 'patroni', postgres, ['postgres', ...own])
  },
]

/** Every relation of this stack that a schema cannot say. */
export const check: Rule = allOf(...RULES)
