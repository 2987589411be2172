import { parseDuration } from '../../lib/duration.ts'
import { isolatedUntilMs, managerTiming, managerTimingRules } from '../../parts/corosync/timing.ts'
import type { ManagerTiming, Profile, TimingRule } from '../../parts/corosync/timing.ts'

/** Every time of a cluster, in seconds unless the name says otherwise. */
export interface Timing extends ManagerTiming {
  readonly profile: Profile
  readonly monitorPrimary: number
  readonly monitorStandby: number
  readonly monitorVip: number
  readonly monitorTimeout: number
  /** Equal looks at the WAL positions before a first primary is elected. */
  readonly electionChecks: number
  /** Seconds of a fast shutdown before an immediate one. */
  readonly stopEscalate: number
  readonly stopTimeout: number
  readonly startTimeout: number
  readonly walSenderTimeout: number
  readonly walReceiverTimeout: number
  readonly keepalivesIdle: number
  readonly keepalivesInterval: number
  readonly keepalivesCount: number
  readonly connectTimeout: number
}

interface Base {
  readonly monitorPrimary: number
  readonly monitorStandby: number
  readonly monitorTimeout: number
  readonly stopEscalate: number
  readonly walReceiverTimeout: number
  readonly keepalives: readonly [idle: number, interval: number, count: number]
  readonly connectTimeout: number
}

const BASES: Readonly<Record<Profile, Base>> = {
  fast: {
    monitorPrimary: 2,
    monitorStandby: 3,
    monitorTimeout: 15,
    stopEscalate: 5,
    walReceiverTimeout: 5,
    keepalives: [3, 1, 3],
    connectTimeout: 3,
  },
  normal: {
    monitorPrimary: 4,
    monitorStandby: 5,
    monitorTimeout: 20,
    stopEscalate: 10,
    walReceiverTimeout: 10,
    keepalives: [5, 2, 3],
    connectTimeout: 5,
  },
  safe: {
    monitorPrimary: 8,
    monitorStandby: 10,
    monitorTimeout: 60,
    stopEscalate: 30,
    walReceiverTimeout: 30,
    keepalives: [15, 5, 4],
    connectTimeout: 10,
  },
}

/**
 * Shortest wal_sender_timeout, seconds. While an isolated primary is still up, it must not notice that its
 * standby is gone: the agent would take the standby out of synchronous_standby_names and the primary would
 * acknowledge commits that nobody else has. Half as much again covers a busy host.
 */
export const minWalSenderTimeout = (tokenMs: number, stopEscalate: number): number =>
  Math.ceil((isolatedUntilMs(tokenMs, stopEscalate) * 1.5) / 1000)

/** All times of a profile for a cluster of that many nodes of Corosync. */
export function timingOf(profile: Profile, nodes: number): Timing {
  const base = BASES[profile]
  const { tokenMs, consensusMs, dcDeadtime, recheck } = managerTiming(profile, nodes)
  const [keepalivesIdle, keepalivesInterval, keepalivesCount] = base.keepalives
  return {
    profile,
    tokenMs,
    consensusMs,
    monitorPrimary: base.monitorPrimary,
    monitorStandby: base.monitorStandby,
    monitorVip: base.monitorStandby + 2,
    monitorTimeout: base.monitorTimeout,
    electionChecks: profile === 'fast' ? 1 : 3,
    stopEscalate: base.stopEscalate,
    stopTimeout: base.stopEscalate * 2 + 20,
    startTimeout: 120,
    walSenderTimeout: minWalSenderTimeout(tokenMs, base.stopEscalate),
    walReceiverTimeout: base.walReceiverTimeout,
    keepalivesIdle,
    keepalivesInterval,
    keepalivesCount,
    connectTimeout: base.connectTimeout,
    dcDeadtime,
    recheck,
  }
}

/** Seconds of a PostgreSQL time setting: a number is milliseconds for the WAL timeouts; undefined: not a time. */
export function settingSeconds(value: string | number | boolean): number | undefined {
  if (typeof value === 'boolean') return undefined
  const text = String(value).trim().replaceAll(' ', '').replace(/min$/, 'm')
  const ms = /^\d+$/.test(text) ? Number(text) : parseDuration(text)
  return ms === undefined ? undefined : ms / 1000
}

/** The relations every set of times must keep; `walSenderTimeout` 0 switches the timeout off. */
export const timingRules = (
  timing: Timing,
  walSenderTimeout = timing.walSenderTimeout,
): readonly TimingRule[] => [
  {
    name: 'wal_sender_timeout outlives an isolated primary',
    holds:
      walSenderTimeout === 0 || walSenderTimeout >= minWalSenderTimeout(timing.tokenMs, timing.stopEscalate),
    why:
      `an isolated primary runs up to ${isolatedUntilMs(timing.tokenMs, timing.stopEscalate) / 1000} s; when it ` +
      'drops its sync standby before it is stopped, it acknowledges commits that are then lost',
  },
  {
    name: 'the stop timeout outlives the escalation',
    holds: timing.stopTimeout >= timing.stopEscalate + 10,
    why: 'an immediate shutdown needs time too before Pacemaker calls the stop failed',
  },
  {
    name: 'the monitor intervals differ',
    holds: timing.monitorPrimary !== timing.monitorStandby,
    why: 'Pacemaker tells operations of one resource apart by name and interval',
  },
  ...managerTimingRules(timing),
]

/** What to give clients so that they notice a lost primary soon. */
export const clientHints = (timing: Timing): Readonly<Record<string, string>> => ({
  connect_timeout: String(timing.connectTimeout),
  keepalives_idle: String(timing.keepalivesIdle),
  keepalives_interval: String(timing.keepalivesInterval),
  keepalives_count: String(timing.keepalivesCount),
  tcp_user_timeout: String(
    (timing.keepalivesIdle + timing.keepalivesInterval * timing.keepalivesCount) * 1000,
  ),
})
