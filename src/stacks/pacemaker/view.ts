import type { HostStatus, ServiceStatus, VirtualAddress } from '../../cluster/status.ts'
import { withoutPrefix } from '../../inventory/address.ts'
import type { ClusterMonitor } from '../../modules/pcs/crm-mon.ts'
import type { Host } from '../../inventory/inventory.ts'
import { only } from '../../lib/only.ts'
import { bestOf, failureOf, failuresOn, failureWords, nodeView, pausedOf } from '../../parts/corosync/view.ts'
import type { CorosyncView, NodeView } from '../../parts/corosync/view.ts'
import type { Facts } from './derive.ts'
import { serviceOf } from '../../parts/postgres/member.ts'
import type { Server, WalSender } from '../../parts/postgres/server.ts'
import type { HostReading } from './readings.ts'

/** One member with all that is known of it. */
export interface Member extends NodeView {
  /** Undefined: not reachable. */
  readonly reading?: HostReading
  readonly server?: Server
  /** Its row in the primary's pg_stat_replication. */
  readonly sender?: WalSender
}

/** The cluster as its reachable members see it, ready to be judged. */
export interface View extends CorosyncView {
  readonly facts: Facts
  readonly members: readonly Member[]
  /** Hosts that only vote. */
  readonly witnesses: readonly Member[]
  readonly primaries: readonly Member[]
  readonly primary?: Member
  readonly addresses: readonly VirtualAddress[]
}

const carriers = (readings: ReadonlyMap<string, HostReading>, ip: string): readonly string[] =>
  [...readings].filter(([, reading]) => reading.addresses.includes(ip)).map(([name]) => name)

interface Seen {
  readonly reading: HostReading | undefined
  readonly primary: Server | undefined
  readonly votesOnly: boolean
}

const memberOf = (host: Host, crm: ClusterMonitor | undefined, seen: Seen): Member => ({
  ...nodeView(host, crm, {
    reachable: seen.reading !== undefined,
    answers: seen.reading?.crm !== undefined,
    votesOnly: seen.votesOnly,
  }),
  ...only({
    reading: seen.reading,
    server: seen.reading?.server,
    // A standby on another history connects again and again, and never gets further than this.
    sender: seen.primary?.senders.find(
      (each) => each.name === host.name.toLowerCase() && each.state !== 'startup',
    ),
  }),
})

/** What the manager's own rules need to know of PostgreSQL. */
const managedOf = ({ agent, vars }: Facts): CorosyncView['managed'] => ({
  resource: agent.resource,
  whole: agent.clone,
  threshold: vars.failure.threshold,
  ...only({ noGuard: vars.guard?.none }),
})

/** Puts the readings of all members together. Pure. */
export function viewOf(facts: Facts, readings: ReadonlyMap<string, HostReading>): View {
  const crm = bestOf([...readings.values()].map((reading) => reading.crm))
  const primaryServer = [...readings.values()].find((reading) => reading.server?.recovery === false)?.server
  const all = (hosts: readonly Host[], votesOnly: boolean): readonly Member[] =>
    hosts.map((host) =>
      memberOf(host, crm, { reading: readings.get(host.name), primary: primaryServer, votesOnly }),
    )
  const [members, witnesses] = [all(facts.hosts, false), all(facts.witnesses, true)]
  const primaries = members.filter((member) => member.server?.recovery === false)
  const primary = primaries.length === 1 ? primaries[0] : undefined
  const { writer_vip: writer, reader_vip: reader } = facts.vars
  const addresses: VirtualAddress[] = [
    {
      name: 'writer',
      address: withoutPrefix(writer.address),
      on: carriers(readings, withoutPrefix(writer.address)),
    },
    ...(reader
      ? [
          {
            name: 'reader' as const,
            address: withoutPrefix(reader.address),
            on: carriers(readings, withoutPrefix(reader.address)),
          },
        ]
      : []),
  ]
  return {
    facts,
    managed: managedOf(facts),
    nodes: [...members, ...witnesses],
    members,
    witnesses,
    ...(crm && { crm }),
    primaries,
    ...(primary && { primary }),
    addresses,
  }
}

/** True: PostgreSQL does not start because the agent or PostgreSQL refuses. */
export const refusedToStart = (member: Member, { managed }: View): boolean => {
  const failure = failureOf(member, managed.resource)
  return member.server === undefined && failure !== undefined && failureWords(failure)[0] === 'start'
}

/** A node of the cluster as a host. */
export const hostStatus = (member: Member, view: View): HostStatus => ({
  name: member.name,
  address: member.address,
  reachable: member.reading !== undefined,
  roles: [view.witnesses.includes(member) ? 'witness' : 'member'],
  ...only({ paused: pausedOf(member), failures: view.crm && failuresOn(member) }),
})

/** PostgreSQL on a member. */
export const serviceStatus = (member: Member, view: View): ServiceStatus =>
  serviceOf(member, view, refusedToStart(member, view) ? { condition: 'refused to start' } : {})
