import { clusterAddress } from '../../inventory/topology.ts'
import { clientsOf } from '../../cluster/connect.ts'
import type { Problem, ReplicationMode } from '../../cluster/status.ts'
import { withoutPrefix } from '../../inventory/address.ts'
import type { Facts } from './derive.ts'
import { lagOf } from '../../parts/postgres/member.ts'
import { hostsOf, isNoFailover, only, serviceStatus } from './view.ts'
import type { Member, View } from './view.ts'

/** The replication in force, by what the primary waits for at a commit. */
const actualMode = ({ primary, dcs }: View): ReplicationMode | undefined => {
  if (!primary?.server) return undefined
  const { syncNames } = primary.server
  if (syncNames === '') return 'async'
  if (dcs?.config?.['synchronous_mode_strict'] === true) return 'strict'
  return /^\s*ANY\b/i.test(syncNames) ? 'quorum' : 'sync'
}

const guardsOf = ({ facts, etcd, dcs }: View): readonly string[] => {
  const { watchdog, failsafe } = facts.vars.patroni
  const inForce = dcs?.config?.['failsafe_mode']
  const isFailsafe = inForce === undefined ? failsafe : inForce === true
  return [
    ...(etcd.leader === undefined ? [] : [`etcd led by ${etcd.leader}`]),
    `failsafe ${isFailsafe ? 'on' : 'off'}`,
    `watchdog ${watchdog}`,
  ]
}

/** The standby a switchover promotes: a synchronous one, else the one with the least lag; never one with nofailover. */
const candidateOf = (view: View): string | undefined => {
  const isSync = ({ name, sender }: Member): boolean =>
    view.dcs?.sync.includes(name) === true || /^(sync|quorum)$/.test(sender?.sync ?? '')
  const rank = (member: Member): number => (isSync(member) ? 0 : 1)
  return view.members
    .filter((member) => member.server?.recovery === true && member.sender?.state === 'streaming')
    .filter((member) => !isNoFailover(member))
    .toSorted((a, b) => rank(a) - rank(b) || (lagOf(a, view) ?? 0) - (lagOf(b, view) ?? 0))
    .at(0)?.name
}

/** Where clients find the primary: the address that moves, the proxies, or the members in turn. */
function targetsOf({ vars, hosts, proxies }: Facts): readonly [hosts: readonly string[], port: number] {
  const { routing, writer_vip: vip, postgres } = vars
  const address = vip && withoutPrefix(vip.address)
  const all = (list: typeof hosts) => list.map(clusterAddress)
  switch (routing.by) {
    case 'callback':
    case 'vip-manager':
      return [address === undefined ? all(hosts) : [address], postgres.port]
    case 'haproxy':
      return [address === undefined ? all(proxies) : [address], routing.proxy.primary_port]
    case 'none':
      return [all(hosts), postgres.port]
  }
}

/** What the status says of the cluster, beside its problems. Pure. */
export function report(view: View, problems: readonly Problem[]) {
  const { facts, etcd } = view
  const { have, of, ok } = etcd
  const isBare = problems.some(({ code }) => code === 'cluster/not-deployed')
  return {
    replication: { wanted: facts.vars.replication.mode, ...only({ actual: actualMode(view) }) },
    ...only({ primary: view.primary?.name, candidate: candidateOf(view) }),
    hosts: hostsOf(view),
    services: view.members.map((member) => serviceStatus(member, view)),
    addresses: view.addresses,
    clients: clientsOf(facts.vars.postgres, ...targetsOf(facts)),
    ...((have > 0 || !isBare) && { quorum: { have, of, ok } }),
    guards: isBare ? [] : guardsOf(view),
  }
}
