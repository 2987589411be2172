import type { Config } from '../../modules/patroni/documents.ts'
import { parseDocument } from './etcd-reading.ts'
import type { EtcdReading } from './etcd-reading.ts'
import type { Facts } from './derive.ts'
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

/** One etcd member of the inventory. */
export interface EtcdPeer {
  readonly name: string
  readonly address: string
  readonly reachable: boolean
  /** State of the service. */
  readonly unit: string
  readonly reading?: EtcdReading
}

/** The lock service itself. */
export interface EtcdView {
  readonly peers: readonly EtcdPeer[]
  readonly have: number
  readonly of: number
  readonly ok: boolean
  /** Name of the member that leads. */
  readonly leader?: string
  /** Members it counts that the inventory does not have, by name or URL. */
  readonly strangers: readonly string[]
  /** Members of the inventory that it does not count. */
  readonly missing: readonly string[]
}

const isSeenByPatroni = (readings: Iterable<HostReading>): boolean =>
  [...readings].some(({ cluster, rest }) => cluster !== undefined && rest?.failsafe_mode_is_active !== true)

/** Puts together what the etcd members say. Pure. */
export function etcdOf({ dcs }: Facts, readings: ReadonlyMap<string, HostReading>): EtcdView {
  const peers = dcs.peers.map(({ name, address }) => {
    const reading = readings.get(name)
    const etcd = reading?.etcd
    return {
      name,
      address,
      reachable: reading !== undefined,
      unit: reading?.etcdUnit ?? '',
      ...(etcd && { reading: etcd }),
    }
  })
  const answers = peers.flatMap(({ reading }) => (reading ? [reading] : []))
  // The list is part of what they agree on: the one who has seen most knows it best.
  const listed =
    answers.toSorted((a, b) => b.revision - a.revision).find(({ members }) => members.length > 0)?.members ??
    []
  const have = answers.filter(({ healthy }) => healthy).length
  const leads = listed.find(({ id }) => answers.some(({ healthy, leader }) => healthy && leader === id))
  const urls = dcs.peers.map(({ peer }) => peer)
  const isKnown = (urlsOfMember: readonly string[]): boolean => urlsOfMember.some((url) => urls.includes(url))
  return {
    peers,
    have,
    of: Math.max(listed.length, peers.length),
    // Patroni answers from memory too: its word counts only where no etcd host could be asked.
    ok: have > 0 || (peers.every(({ reachable }) => !reachable) && isSeenByPatroni(readings.values())),
    ...(leads?.name && { leader: leads.name }),
    strangers: listed
      .filter((member) => !isKnown(member.peers))
      .map(({ name, peers: [url = ''] }) => name || url),
    missing:
      listed.length === 0
        ? []
        : dcs.peers
            .filter(({ peer }) => !listed.some((member) => member.peers.includes(peer)))
            .map(({ name }) => name),
  }
}
