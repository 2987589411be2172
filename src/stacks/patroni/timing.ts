export type Profile = 'fast' | 'normal' | 'safe'

/** Times of Patroni in seconds and of etcd in milliseconds. */
export interface Timing {
  readonly ttl: number
  readonly loopWait: number
  readonly retryTimeout: number
  readonly heartbeatMs: number
  readonly electionMs: number
  /**
   * PostgreSQL's, in seconds. A standby that vanished is replaced for commits when its sender has ended or its key in
   * etcd is gone, whatever is sooner. That a sender ends early loses nothing: Patroni takes a standby out of the sync key
   * before the primary stops to wait for it, and cut off from etcd it cannot.
   */
  readonly walSenderTimeout: number
  readonly walReceiverTimeout: number
}

const PROFILES: Readonly<Record<Profile, Timing>> = {
  fast: {
    ttl: 20,
    loopWait: 2,
    retryTimeout: 5,
    heartbeatMs: 100,
    electionMs: 1000,
    walSenderTimeout: 10,
    walReceiverTimeout: 10,
  },
  normal: {
    ttl: 30,
    loopWait: 10,
    retryTimeout: 10,
    heartbeatMs: 100,
    electionMs: 1000,
    walSenderTimeout: 30,
    walReceiverTimeout: 30,
  },
  safe: {
    ttl: 60,
    loopWait: 10,
    retryTimeout: 20,
    heartbeatMs: 300,
    electionMs: 3000,
    walSenderTimeout: 60,
    walReceiverTimeout: 60,
  },
}

const seconds = (value: unknown, preset: number): number => (typeof value === 'number' ? value : preset)

/** The times of a profile, under the user's own keys of the dynamic configuration. */
export function timingOf(profile: Profile, own: Readonly<Record<string, unknown>>): Timing {
  const base = PROFILES[profile]
  return {
    ...base,
    ttl: seconds(own['ttl'], base.ttl),
    loopWait: seconds(own['loop_wait'], base.loopWait),
    retryTimeout: seconds(own['retry_timeout'], base.retryTimeout),
  }
}

/** One rule and whether it holds. */
export interface TimingRule {
  readonly name: string
  readonly holds: boolean
  readonly why: string
}

/** The rules between times (Patroni documentation, "Dynamic Configuration Settings"; etcd documentation, "Tuning"). */
export function timingRules(t: Timing): readonly TimingRule[] {
  return [
    {
      name: 'loop_wait + 2 * retry_timeout <= ttl',
      holds: t.loopWait + 2 * t.retryTimeout <= t.ttl,
      why: `${t.loopWait} + 2 * ${t.retryTimeout} = ${t.loopWait + 2 * t.retryTimeout}, ttl is ${t.ttl}: the lease would end while the primary still tries to keep it`,
    },
    {
      name: 'ttl >= 20',
      holds: t.ttl >= 20,
      why: `ttl is ${t.ttl}; newer versions raise it to 20 by themselves, so members would not agree`,
    },
    {
      name: 'retry_timeout >= 3',
      holds: t.retryTimeout >= 3,
      why: `retry_timeout is ${t.retryTimeout}; newer versions raise it to 3`,
    },
    {
      name: 'loop_wait >= 1',
      holds: t.loopWait >= 1,
      why: `loop_wait is ${t.loopWait}`,
    },
  ]
}
