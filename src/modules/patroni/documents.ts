import type { Probe } from '../../engine/probe.ts'
import { get, urlOf } from './rest.ts'
import type { Answer, Rest } from './rest.ts'

/** GET /patroni: a member of itself. Fields that a version does not have are absent. */
export interface MemberDocument {
  /** `running`, `starting`, `stopped`, `start failed`, `creating replica` … */
  readonly state?: string
  /** Up to 3.x a primary is called `master`. */
  readonly role?: string
  readonly timeline?: number
  readonly postmaster_start_time?: string
  readonly sync_standby?: boolean
  readonly quorum_standby?: boolean
  /** `streaming`, `in archive recovery`; since 3.1. */
  readonly replication_state?: string
  readonly pending_restart?: boolean
  readonly scheduled_restart?: Readonly<Record<string, unknown>>
  readonly pause?: boolean
  readonly patroni?: { readonly version?: string }
  /** Standbys that a leader sends WAL to. */
  readonly replication?: readonly { readonly application_name?: string; readonly state?: string }[]
}

/** One member in GET /cluster. */
export interface ClusterMember {
  readonly name: string
  /** `leader`, `standby_leader`, `sync_standby`, `quorum_standby`, `replica`. */
  readonly role: string
  readonly state: string
  readonly api_url?: string
  readonly host?: string
  readonly timeline?: number
  /** Bytes behind the leader's last report, or `unknown`; not of the leader. */
  readonly lag?: number | string
}

/** GET /cluster: read from the store for each request. */
export interface ClusterDocument {
  readonly members: readonly ClusterMember[]
  readonly pause?: boolean
  readonly scheduled_switchover?: { readonly at: string; readonly from?: string; readonly to?: string }
}

/** Dynamic configuration, GET /config. */
export type Config = Readonly<Record<string, unknown>>

/** Patroni 2.0 says only by the status of a check whether commits wait for a member. */
const isSilent = ({ sync_standby: sync, patroni }: MemberDocument): boolean =>
  sync === undefined && /^[12]\./.test(patroni?.version ?? '')

/** What the member of this host says of itself. */
export async function readMember(probe: Probe, rest: Rest): Promise<Answer<MemberDocument>> {
  const answer = await get<MemberDocument>(probe, rest, urlOf(rest, '/patroni'))
  if (answer.kind === 'none' || !isSilent(answer.body)) return answer
  const check = await get(probe, rest, urlOf(rest, '/synchronous'))
  const sync = check.kind === 'document' && check.status === 200
  return { ...answer, body: { ...answer.body, sync_standby: sync } }
}

export const readCluster = (probe: Probe, rest: Rest): Promise<Answer<ClusterDocument>> =>
  get(probe, rest, urlOf(rest, '/cluster'))

/**
 * The dynamic configuration as the store has it. A member answers with what its last loop saw, up to `loop_wait` ago;
 * GET /cluster before it lets it look again.
 */
export const readConfig = (probe: Probe, rest: Rest): Promise<Answer<Config>> =>
  get(probe, rest, urlOf(rest, '/config'), urlOf(rest, '/cluster'))

/** The member that holds the leader key. */
export const leaderOf = ({ members }: ClusterDocument): ClusterMember | undefined =>
  members.find(({ role }) => role === 'leader' || role === 'standby_leader')

/** The member whose REST API is this host's. */
export const ownOf = ({ members }: ClusterDocument, rest: Rest): ClusterMember | undefined =>
  members.find(({ api_url }) => api_url?.startsWith(`${urlOf(rest, '')}/`)) ??
  members.find((member) => member.host === rest.address)

/** Since 3.1 a standby that streams has that as its state. */
export const isUp = (state: string | undefined): boolean => state === 'running' || state === 'streaming'

/** A standby that commits wait for. */
export const isSynchronous = (member: MemberDocument): boolean =>
  member.sync_standby === true || member.quorum_standby === true

/** Names that the leader sends WAL to. */
export const streamingTo = (leader: MemberDocument): readonly string[] =>
  (leader.replication ?? []).flatMap(({ application_name, state }) =>
    state === 'streaming' && application_name !== undefined ? [application_name] : [],
  )

/** What the leader of a cluster says of itself. */
export async function readLeader(
  probe: Probe,
  rest: Rest,
  cluster: ClusterDocument,
): Promise<Answer<MemberDocument>> {
  const url = leaderOf(cluster)?.api_url
  return url === undefined ? { kind: 'none', why: 'the cluster has no leader' } : get(probe, rest, url)
}
