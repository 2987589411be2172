import type { MemberStatus, Role, VirtualAddress } from '../../cluster/status.ts'
import { lsnDistance, parseLsn } from '../../cluster/lsn.ts'
import { lineage, parseHistory } from '../../modules/postgres/timeline.ts'
import { INFINITY } from '../../modules/pcs/crm-mon.ts'
import type { ClusterMonitor, MonFailure, MonNode } from '../../modules/pcs/crm-mon.ts'
import type { Host } from '../../inventory/inventory.ts'
import type { Facts } from './derive.ts'
import type { HostReading, Server, WalSender } from './readings.ts'

/** One member with all that is known of it. */
export interface Member {
  readonly name: string
  readonly address: string
  /** Undefined: not reachable. */
  readonly reading?: HostReading
  readonly node?: MonNode
  readonly server?: Server
  /** Its row in the primary's pg_stat_replication. */
  readonly sender?: WalSender
  readonly failures: number
  readonly failure?: MonFailure
  readonly attribute: (name: string) => string | undefined
}

/** The cluster as its reachable members see it, ready to be judged. */
export interface View {
  readonly facts: Facts
  readonly members: readonly Member[]
  /** Hosts that only vote. */
  readonly witnesses: readonly Member[]
  /** What the best-informed member's crm_mon says. */
  readonly crm?: ClusterMonitor
  readonly primaries: readonly Member[]
  readonly primary?: Member
  readonly addresses: readonly VirtualAddress[]
}

/** Of all views: with quorum before without, more nodes online before fewer. */
const bestView = (readings: Iterable<HostReading>): ClusterMonitor | undefined => {
  const weight = (crm: ClusterMonitor): number =>
    (crm.quorum ? 1000 : 0) + crm.nodes.filter((node) => node.online).length
  return [...readings]
    .flatMap(({ crm }) => (crm ? [crm] : []))
    .toSorted((a, b) => weight(b) - weight(a))
    .at(0)
}

const carriers = (readings: ReadonlyMap<string, HostReading>, ip: string): readonly string[] =>
  [...readings].filter(([, reading]) => reading.addresses.includes(ip)).map(([name]) => name)

const ipOf = (address: string): string => address.split('/')[0] ?? ''

/** Only fields that are known. */
export const only = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

interface Seen {
  readonly reading: HostReading | undefined
  readonly primary: Server | undefined
}

const memberOf = (
  { name, connection }: Host,
  facts: Facts,
  crm: ClusterMonitor | undefined,
  seen: Seen,
): Member => ({
  name,
  address: connection.address,
  ...only({
    reading: seen.reading,
    server: seen.reading?.server,
    node: crm?.nodes.find((each) => each.name === name),
    // A standby on another history connects again and again, and never gets further than this.
    sender: seen.primary?.senders.find(
      (each) => each.name === name.toLowerCase() && each.state !== 'startup',
    ),
    failure: crm?.failures.find(
      (each) => each.node === name && each.operation.startsWith(`${facts.agent.resource}_`),
    ),
  }),
  failures: Object.values(crm?.failCounts[name] ?? {}).reduce(
    (sum, count) => Math.min(INFINITY, sum + count),
    0,
  ),
  attribute: (attribute) => crm?.attributes[name]?.[attribute],
})

/** Puts the readings of all members together. Pure. */
export function viewOf(facts: Facts, readings: ReadonlyMap<string, HostReading>): View {
  const crm = bestView(readings.values())
  const primaryServer = [...readings.values()].find((reading) => reading.server?.recovery === false)?.server
  const all = (hosts: readonly Host[]): readonly Member[] =>
    hosts.map((host) =>
      memberOf(host, facts, crm, { reading: readings.get(host.name), primary: primaryServer }),
    )
  const [members, witnesses] = [all(facts.hosts), all(facts.witnesses)]
  const primaries = members.filter((member) => member.server?.recovery === false)
  const primary = primaries.length === 1 ? primaries[0] : undefined
  const { writer_vip: writer, reader_vip: reader } = facts.vars
  const addresses: VirtualAddress[] = [
    { name: 'writer', address: ipOf(writer.address), on: carriers(readings, ipOf(writer.address)) },
    ...(reader
      ? [
          {
            name: 'reader' as const,
            address: ipOf(reader.address),
            on: carriers(readings, ipOf(reader.address)),
          },
        ]
      : []),
  ]
  return { facts, members, witnesses, ...(crm && { crm }), primaries, ...(primary && { primary }), addresses }
}

const roleOf = (member: Member, view: View): Role => {
  if (view.witnesses.includes(member)) return 'witness'
  if (member.server) return member.server.recovery ? 'standby' : 'primary'
  return member.reading?.data && view.primaries.length > 0 ? 'standby' : 'unknown'
}

/** Why a member is out on purpose; undefined when it is in. */
export const pausedOf = ({ node }: Member): string | undefined =>
  node?.standby ? 'standby mode' : node?.maintenance ? 'maintenance' : undefined

/** Operation and reason of a failure, `start` and what the agent said. */
export const failureWords = ({ operation, reason, status }: MonFailure): readonly [string, string] => [
  /_([a-z]+)_\d+$/.exec(operation)?.[1] ?? operation,
  (reason || status || 'failed').replace(/\.$/, ''),
]

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

/** True: PostgreSQL does not start because the agent or PostgreSQL refuses. */
export const refusedToStart = ({ failure, server }: Member): boolean =>
  server === undefined && failure !== undefined && failureWords(failure)[0] === 'start'

const replicationOf = (member: Member, view: View): string | undefined => {
  const { server, sender, reading } = member
  if (server?.recovery === false) return undefined
  if (server && sender) return `${sender.sync}, ${sender.state}`
  if (server) return 'not connected'
  if (!reading || view.witnesses.includes(member)) return undefined
  if (refusedToStart(member)) return 'refused to start'
  return reading.data ? 'stopped' : 'no data'
}

const lagOf = (member: Member, primary: Member | undefined): number | undefined => {
  const from = parseLsn(member.sender?.flush ?? member.server?.lsn ?? '')
  const to = parseLsn(primary?.server?.lsn ?? '')
  if (member.server?.recovery !== true || from === undefined || to === undefined) return undefined
  return Math.max(0, lsnDistance(from, to))
}

/** One line of the status table. */
export const memberStatus = (member: Member, view: View): MemberStatus => ({
  name: member.name,
  address: member.address,
  role: roleOf(member, view),
  running: member.server !== undefined,
  reachable: member.reading !== undefined,
  failures: member.failures,
  ...only({
    replication: replicationOf(member, view),
    timeline: member.server?.timeline ?? member.reading?.control?.timeline,
    lagBytes: lagOf(member, view.primary),
    lsn: member.server?.lsn ?? undefined,
    paused: pausedOf(member),
    pendingRestart: member.server ? member.server.pending.length > 0 : undefined,
  }),
})
