export type Profile = 'fast' | 'normal' | 'safe'

/** Times of Corosync and Pacemaker. */
export interface ManagerTiming {
  /** Silence after which Corosync gives a node up, with the share for nodes beyond the second. */
  readonly tokenMs: number
  readonly consensusMs: number
  /** Seconds the first node waits for others at start before it makes itself the coordinator. */
  readonly dcDeadtime: number
  /** Seconds between two looks at what only time changes. */
  readonly recheck: number
}

const TOKENS: Readonly<Record<Profile, number>> = { fast: 2000, normal: 5000, safe: 10_000 }
const DEADTIMES: Readonly<Record<Profile, number>> = { fast: 2, normal: 5, safe: 20 }

/** What a profile sets as Corosync's token, before the share of further nodes. */
export const tokenOf = (profile: Profile): number => TOKENS[profile]

/** Corosync adds this for every node beyond the second, a witness too (corosync.conf(5), token_coefficient). */
const TOKEN_COEFFICIENT_MS = 650

/** Real token timeout of a cluster of that size. */
export const realToken = (tokenMs: number, nodes: number): number =>
  tokenMs + Math.max(0, nodes - 2) * TOKEN_COEFFICIENT_MS

/** Consensus is at least 1.2 times the token timeout (corosync.conf(5)). */
export const consensusOf = (tokenMs: number): number => Math.ceil(tokenMs * 1.2)

/**
 * A service on an isolated node is stopped this many milliseconds after its last contact at the latest: token, a new
 * membership, then `stopSeconds` for the stop itself.
 */
export const isolatedUntilMs = (tokenMs: number, stopSeconds: number): number =>
  tokenMs + consensusOf(tokenMs) + stopSeconds * 1000

/** The times of a profile for a cluster of that many nodes. */
export function managerTiming(profile: Profile, nodes: number): ManagerTiming {
  const tokenMs = realToken(TOKENS[profile], nodes)
  return { tokenMs, consensusMs: consensusOf(tokenMs), dcDeadtime: DEADTIMES[profile], recheck: 60 }
}

/** A relation between times, whether it holds, and why it matters. */
export interface TimingRule {
  readonly name: string
  readonly holds: boolean
  readonly why: string
}

/** The relations that Corosync itself asks for. */
export const managerTimingRules = ({ tokenMs, consensusMs }: ManagerTiming): readonly TimingRule[] => [
  {
    name: 'consensus is at least 1.2 times the token timeout',
    holds: consensusMs >= tokenMs * 1.2,
    why: 'Corosync refuses less',
  },
]
