import type { Config } from '../../modules/patroni/documents.ts'
import { parseDocument } from '../../parts/etcd/reading.ts'
import type { EtcdView } from '../../parts/etcd/view.ts'
import type { HostReading } from './readings.ts'

/** What the lock service keeps of one member; it disappears when Patroni has been silent for the lease's time. */
export interface DcsMember {
  readonly name: string
  /** `running`, `streaming`, `stopped`, `start failed`, `creating replica` … */
  readonly state: string
  readonly timeline?: number
  readonly version?: string
  readonly tags: Readonly<Record<string, unknown>>
  readonly pendingRestart: boolean
  readonly restartAt?: string
}

export interface Scheduled {
  readonly at: string
  readonly from?: string
  readonly to?: string
}

/** The cluster's entry in the lock service. */
export interface Dcs {
  /** False: read from an etcd member that sees no majority; the leader key in it may long be void. */
  readonly current: boolean
  /** The cluster has been bootstrapped; its system identifier when it can be read. */
  readonly initialized: boolean
  readonly system?: string
  readonly leader?: string
  readonly members: readonly DcsMember[]
  /** Members that Patroni would promote without a question in synchronous mode, without the leader. */
  readonly sync: readonly string[]
  readonly config?: Config
  readonly scheduled?: Scheduled
}

interface MemberValue {
  readonly state?: string
  readonly timeline?: number
  readonly version?: string
  readonly tags?: Readonly<Record<string, unknown>>
  readonly pending_restart?: boolean
  readonly scheduled_restart?: { readonly schedule?: string }
}

const memberOf = (name: string, value: MemberValue): DcsMember => ({
  name,
  state: value.state ?? '',
  ...(value.timeline !== undefined && { timeline: value.timeline }),
  ...(value.version !== undefined && { version: value.version }),
  tags: value.tags ?? {},
  pendingRestart: value.pending_restart === true,
  ...(value.scheduled_restart?.schedule !== undefined && { restartAt: value.scheduled_restart.schedule }),
})

interface SyncValue {
  readonly sync_standby?: string | null
}

interface FailoverValue {
  readonly scheduled_at?: string
  readonly leader?: string
  readonly member?: string
}

/** A switchover that waits for its time; a key without a time is one that happens now. */
function scheduledIn(value: FailoverValue | undefined): Pick<Dcs, 'scheduled'> {
  if (value?.scheduled_at === undefined) return {}
  const { scheduled_at: at, leader, member } = value
  return { scheduled: { at, ...(leader && { from: leader }), ...(member && { to: member }) } }
}

/** The keys below `namespace/scope/` (Patroni documentation, "DCS"). */
function fromKeys(keys: ReadonlyMap<string, string>, current: boolean): Dcs {
  const value = <T>(key: string): T | undefined => parseDocument<T>(keys.get(key))
  const [system, leader, config] = [keys.get('initialize'), keys.get('leader'), value<Config>('config')]
  const names = [...keys.keys()].filter((key) => key.startsWith('members/'))
  const sync = value<SyncValue>('sync')?.sync_standby ?? ''
  return {
    current,
    initialized: system !== undefined,
    ...(system && { system }),
    ...(leader && { leader }),
    members: names.map((key) => memberOf(key.slice('members/'.length), value<MemberValue>(key) ?? {})),
    sync: sync.split(',').filter((name) => name !== ''),
    ...(config && { config }),
    ...scheduledIn(value<FailoverValue>('failover')),
  }
}

/** Patroni's own account, for when etcd cannot be asked by hactl. */
function fromRest({ cluster, config }: HostReading, current: boolean): Dcs | undefined {
  if (!cluster) return undefined
  const leader = cluster.members.find(({ role }) => role === 'leader' || role === 'standby_leader')
  const sync = cluster.members.filter(({ role }) => role === 'sync_standby' || role === 'quorum_standby')
  return {
    current,
    initialized: true,
    ...(leader && { leader: leader.name }),
    members: cluster.members.map((member) => memberOf(member.name, member as MemberValue)),
    sync: sync.map(({ name }) => name),
    ...(config && { config }),
    ...(cluster.scheduled_switchover && { scheduled: cluster.scheduled_switchover }),
  }
}

/**
 * The best account there is: a healthy etcd member's newest, else Patroni's. Without a majority, what is left of it:
 * Patroni then answers from memory (seen with 3.0.2), as etcd does.
 */
export function dcsOf(readings: Iterable<HostReading>, { ok }: EtcdView): Dcs | undefined {
  const all = [...readings]
  const stores = all
    .flatMap(({ etcd }) => (etcd?.keys ? [{ ...etcd, keys: etcd.keys }] : []))
    .toSorted((a, b) => Number(b.healthy) - Number(a.healthy) || b.revision - a.revision)
  const [best] = stores
  if (best?.healthy) return fromKeys(best.keys, true)
  const told = all.flatMap((reading) => fromRest(reading, ok) ?? []).at(0)
  return ok ? (told ?? (best && fromKeys(best.keys, false))) : best ? fromKeys(best.keys, false) : told
}

/** Whether Patroni itself still reaches etcd somewhere. */
export const isSeenByPatroni = (readings: Iterable<HostReading>): boolean =>
  [...readings].some(({ cluster, rest }) => cluster !== undefined && rest?.failsafe_mode_is_active !== true)
