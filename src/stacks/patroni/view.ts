import { clusterAddress } from '../../inventory/topology.ts'
import type { HostStatus, Role, ServiceStatus, VirtualAddress } from '../../cluster/status.ts'
import { withoutPrefix } from '../../inventory/address.ts'
import type { Host } from '../../inventory/inventory.ts'
import { etcdOf } from '../../parts/etcd/view.ts'
import type { OfEtcd } from '../../parts/etcd/health.ts'
import { serviceOf } from '../../parts/postgres/member.ts'
import type { Server, WalSender } from '../../parts/postgres/server.ts'
import { dcsOf, isSeenByPatroni } from './dcs.ts'
import type { Dcs, DcsMember } from './dcs.ts'
import type { Facts } from './derive.ts'
import type { HostReading } from './readings.ts'

/** One member with all that is known of it. */
export interface Member {
  readonly name: string
  readonly address: string
  readonly host: Host
  /** Undefined: not reachable. */
  readonly reading?: HostReading
  readonly server?: Server
  /** Its row in pg_stat_replication of the primary, or of the standby it streams from. */
  readonly sender?: WalSender
  readonly entry?: DcsMember
  /** It holds the leader key. */
  readonly leads: boolean
}

/** The cluster as its reachable hosts see it, ready to be judged. */
export interface View extends OfEtcd {
  readonly facts: Facts
  /** Readings of every host, members or not. */
  readonly readings: ReadonlyMap<string, HostReading>
  readonly members: readonly Member[]
  /** What the lock service keeps; undefined when nobody could say. */
  readonly dcs?: Dcs
  readonly primaries: readonly Member[]
  readonly primary?: Member
  /** Patroni is in maintenance mode. */
  readonly paused: boolean
  readonly addresses: readonly VirtualAddress[]
}

/** Only fields that are known. */
export const only = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

/** Rows of the primary first: a standby that follows another one is in nobody else's list. */
const sendersOf = (readings: Iterable<HostReading>): readonly WalSender[] =>
  [...readings]
    .flatMap(({ server }) => (server ? [server] : []))
    .toSorted((a, b) => Number(a.recovery) - Number(b.recovery))
    // A standby on another history connects again and again, and never gets further than `startup`.
    .flatMap(({ senders }) => senders.filter(({ state }) => state !== 'startup'))

function writerOf({ vars }: Facts, readings: ReadonlyMap<string, HostReading>): readonly VirtualAddress[] {
  if (vars.routing.by === 'none' || !vars.writer_vip) return []
  const ip = withoutPrefix(vars.writer_vip.address)
  const on = [...readings].filter(([, { addresses }]) => addresses.includes(ip)).map(([name]) => name)
  return [{ name: 'writer', address: ip, on }]
}

/** What becomes of PostgreSQL while etcd has no majority. */
function withoutEtcd({ vars }: Facts, primary: Member | undefined): string {
  if (!primary) return 'Nothing can be written until a majority is back.'
  return vars.patroni.failsafe
    ? `${primary.name} goes on only while it reaches every other member (failsafe mode).`
    : `${primary.name} will be made read-only.`
}

/** Puts the readings of all hosts together. Pure. */
export function viewOf(facts: Facts, readings: ReadonlyMap<string, HostReading>): View {
  const etcd = etcdOf(facts.dcs, readings, () => isSeenByPatroni(readings.values()))
  const dcs = dcsOf(readings.values(), etcd)
  const senders = sendersOf(readings.values())
  const members = facts.hosts.map((host): Member => {
    const reading = readings.get(host.name)
    return {
      name: host.name,
      address: clusterAddress(host),
      host,
      leads: dcs?.leader === host.name,
      ...only({
        reading,
        server: reading?.server,
        sender: senders.find(({ name }) => name === host.name),
        entry: dcs?.members.find(({ name }) => name === host.name),
      }),
    }
  })
  const primaries = members.filter(({ server }) => server?.recovery === false)
  const primary = primaries.length === 1 ? primaries[0] : undefined
  const isPaused = members.some(({ reading }) => reading?.rest?.pause === true)
  return {
    facts,
    readings,
    members,
    etcd,
    withoutEtcd: withoutEtcd(facts, primary),
    primaries,
    paused: isPaused || dcs?.config?.['pause'] === true,
    addresses: writerOf(facts, readings),
    ...only({ dcs, primary }),
  }
}

/** Tags as Patroni has them: those of the running Patroni, else of the lock service. */
export const tagsOf = ({ reading, entry }: Member): Readonly<Record<string, unknown>> =>
  reading?.rest ? (reading.rest.tags ?? {}) : (entry?.tags ?? {})

/** Whether Patroni never promotes it (documentation, "Tags"). */
export const isNoFailover = (member: Member): boolean => {
  const { nofailover, failover_priority: priority } = tagsOf(member)
  return nofailover === true || (priority !== undefined && Number(priority) <= 0)
}

const EXCLUDING = ['nosync', 'noloadbalance', 'nostream']

/** What the operator's tags keep a member out of; undefined when of nothing. */
export function pausedOf(member: Member): string | undefined {
  const tags = tagsOf(member)
  const words = [
    ...(isNoFailover(member) ? ['nofailover'] : []),
    ...EXCLUDING.filter((tag) => tags[tag] === true),
  ]
  return words.length === 0 ? undefined : words.join(', ')
}

/** What Patroni says PostgreSQL is doing on a member: `running`, `start failed`, `creating replica` … */
export const stateOf = ({ reading, entry }: Member): string => reading?.rest?.state ?? entry?.state ?? ''

/** Who cannot be read, but leads or has an entry, is known all the same. */
const unreadRole = ({ reading, leads, entry }: Member, { dcs }: View): Role | undefined => {
  if (reading) return undefined
  return leads && dcs?.current ? 'primary' : entry && 'standby'
}

const QUIET = new Set(['', 'running', 'streaming', 'stopped'])

/** Settings, or Patroni, that wait for a restart of PostgreSQL. */
export const waitsForRestart = ({ server, reading, entry }: Member): boolean =>
  (server?.pending.length ?? 0) > 0 ||
  reading?.rest?.pending_restart === true ||
  entry?.pendingRestart === true

/** Every host of the cluster with what it is there for: members first, then etcd and proxies of their own. */
export function hostsOf({ facts, members, readings }: View): readonly HostStatus[] {
  const others = [
    ...facts.dcs.peers,
    ...facts.proxies.map((host) => ({ name: host.name, address: host.connection.address })),
  ]
  const every = new Map([...members, ...others].map(({ name, address }) => [name, address] as const))
  const has = (list: readonly { readonly name: string }[], name: string): boolean =>
    list.some((each) => each.name === name)
  return [...every].map(([name, address]) => {
    const member = members.find((each) => each.name === name)
    return {
      name,
      address,
      reachable: readings.has(name),
      roles: [
        ...(member ? ['member'] : []),
        ...(has(facts.dcs.peers, name) ? ['etcd'] : []),
        ...(has(facts.proxies, name) ? ['proxy'] : []),
      ],
      ...only({ paused: member && pausedOf(member) }),
    }
  })
}

/** PostgreSQL on a member. */
export function serviceStatus(member: Member, view: View): ServiceStatus {
  const state = stateOf(member)
  return serviceOf(member, view, {
    ...only({
      role: unreadRole(member, view),
      condition: QUIET.has(state) ? undefined : state,
      timeline: member.entry?.timeline,
    }),
    pendingRestart: waitsForRestart(member),
  })
}
