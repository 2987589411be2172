import { lsnDistance, parseLsn } from '../../cluster/lsn.ts'
import type { Role, ServiceStatus } from '../../cluster/status.ts'
import { only } from '../../lib/only.ts'
import type { ControlData } from '../../modules/postgres/controldata.ts'
import { lineage, parseHistory } from '../../modules/postgres/timeline.ts'
import type { Server, WalSender } from './server.ts'

/** What is known of PostgreSQL on a member. */
export interface PostgresMember {
  readonly name: string
  /** Undefined: not reachable. */
  readonly reading?: { readonly data: boolean; readonly control?: ControlData }
  readonly server?: Server
  /** Its row in pg_stat_replication of whom it follows. */
  readonly sender?: WalSender
}

/** All members, and the one primary where there is one. */
export interface PostgresView {
  readonly primaries: readonly PostgresMember[]
  readonly primary?: PostgresMember
}

/** What a member is by what its server says; without one, what its data is for. */
export const roleOf = ({ server, reading }: PostgresMember, { primaries }: PostgresView): Role => {
  if (server) return server.recovery ? 'standby' : 'primary'
  return reading?.data && primaries.length > 0 ? 'standby' : 'unknown'
}

/**
 * Bytes of WAL a member has on an old timeline after the primary's line left it, as far as its control file knows
 * (a timeline and a position that belong together); 0: none.
 */
export function pastFork({ reading }: PostgresMember, { primary }: PostgresView): number {
  const { timeline, lsn } = reading?.control ?? {}
  const { timeline: current = null, history = null } = primary?.server ?? {}
  if (timeline === undefined || lsn === undefined || current === null || history === null) return 0
  const line = lineage({ timeline, lsn }, current, parseHistory(history))
  return line.kind === 'diverged' ? line.by : 0
}

/** Bytes between what a standby has on disk and the end of the primary's WAL. */
export function lagOf({ server, sender }: PostgresMember, { primary }: PostgresView): number | undefined {
  const from = parseLsn(sender?.flush ?? server?.lsn ?? '')
  const to = parseLsn(primary?.server?.lsn ?? '')
  if (server?.recovery !== true || from === undefined || to === undefined) return undefined
  return Math.max(0, lsnDistance(from, to))
}

/** How it follows the primary, else why it does not; `manager`: what a cluster manager says of a server that is down. */
function followingOf(
  { server, sender, reading }: PostgresMember,
  manager: string | undefined,
): Pick<ServiceStatus, 'replication' | 'condition'> {
  if (server?.recovery === false || !reading) return {}
  if (server && sender) return { replication: { sync: sender.sync, state: sender.state } }
  if (server) return { condition: 'not connected' }
  return { condition: manager ?? (reading.data ? 'stopped' : 'no data') }
}

const answerOf = ({ server, reading }: PostgresMember): ServiceStatus['state'] =>
  server ? 'running' : reading ? 'stopped' : 'unknown'

/** What a cluster manager knows better than the server and its files. */
export interface Managed {
  readonly role?: Role
  /** Why a server is down. */
  readonly condition?: string
  readonly timeline?: number
  /** It waits for a restart of its own. */
  readonly pendingRestart?: boolean
}

const waits = ({ pending }: Server, { pendingRestart }: Managed): boolean =>
  pending.length > 0 || pendingRestart === true

/** PostgreSQL on a member, as the status tells it. Pure. */
export function serviceOf(member: PostgresMember, view: PostgresView, managed: Managed = {}): ServiceStatus {
  const { name, server, reading } = member
  return {
    kind: 'PostgreSQL',
    host: name,
    state: answerOf(member),
    role: managed.role ?? roleOf(member, view),
    ...followingOf(member, managed.condition),
    ...only({
      version: server?.version,
      timeline: server?.timeline ?? reading?.control?.timeline ?? managed.timeline,
      lagBytes: lagOf(member, view),
      lsn: server?.lsn ?? undefined,
      pendingRestart: server && waits(server, managed),
    }),
  }
}
