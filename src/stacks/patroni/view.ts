import { clusterAddress } from '../../inventory/topology.ts'
import { lsnDistance, parseLsn } from '../../cluster/lsn.ts'
import type { HostStatus, Role, ServiceStatus, VirtualAddress } from '../../cluster/status.ts'
import { withoutPrefix } from '../../inventory/address.ts'
import type { Host } from '../../inventory/inventory.ts'
import { lineage, parseHistory } from '../../modules/postgres/timeline.ts'
import { etcdOf } from '../../parts/etcd/view.ts'
import type { OfEtcd } from '../../parts/etcd/health.ts'
import { dcsOf, isSeenByPatroni } from './dcs.ts'
import type { Dcs, DcsMember } from './dcs.ts'
import type { Facts } from './derive.ts'
import type { HostReading } from './readings.ts'
import type { Server, WalSender } from './sql.ts'

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

/**
 * Bytes of WAL a member has on an old timeline after the primary's line left it, as far as its control file knows
 * (a timeline and a position that belong together); 0: none.
 */
export function pastFork({ reading }: Member, { primary }: View): number {
  const { timeline, lsn } = reading?.control ?? {}
  const { timeline: current = null, history = null } = primary?.server ?? {}
  if (timeline === undefined || lsn === undefined || current === null || history === null) return 0
  const line = lineage({ timeline, lsn }, current, parseHistory(history))
  return line.kind === 'diverged' ? line.by : 0
}

const roleOf = (member: Member, view: View): Role => {
  if (member.server) return member.server.recovery ? 'standby' : 'primary'
  if (!member.reading) {
    if (member.leads && view.dcs?.current) return 'primary'
    return member.entry ? 'standby' : 'unknown'
  }
  return member.reading.data && view.primaries.length > 0 ? 'standby' : 'unknown'
}

const QUIET = new Set(['', 'running', 'streaming', 'stopped'])

/** How it follows the primary, else why it does not. */
const followingOf = (member: Member): Pick<ServiceStatus, 'replication' | 'condition'> => {
  const { server, sender, reading } = member
  if (server?.recovery === false || !reading) return {}
  if (server && sender) return { replication: { sync: sender.sync, state: sender.state } }
  if (server) return { condition: 'not connected' }
  const state = stateOf(member)
  if (!QUIET.has(state)) return { condition: state }
  return { condition: reading.data ? 'stopped' : 'no data' }
}

/** Bytes between what a standby has on disk and the end of the primary's WAL. */
export function lagOf({ server, sender }: Member, { primary }: View): number | undefined {
  const from = parseLsn(sender?.flush ?? server?.lsn ?? '')
  const to = parseLsn(primary?.server?.lsn ?? '')
  if (server?.recovery !== true || from === undefined || to === undefined) return undefined
  return Math.max(0, lsnDistance(from, to))
}

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

const answerOf = ({ server, reading }: Member): ServiceStatus['state'] =>
  server ? 'running' : reading ? 'stopped' : 'unknown'

/** PostgreSQL on a member. */
export const serviceStatus = (member: Member, view: View): ServiceStatus => ({
  kind: 'PostgreSQL',
  host: member.name,
  state: answerOf(member),
  role: roleOf(member, view),
  ...followingOf(member),
  ...only({
    version: member.server?.version,
    timeline: member.server?.timeline ?? member.reading?.control?.timeline ?? member.entry?.timeline,
    lagBytes: lagOf(member, view),
    lsn: member.server?.lsn ?? undefined,
    pendingRestart: member.server ? waitsForRestart(member) : undefined,
  }),
})
