import { setTimeout as wait } from 'node:timers/promises'
import type { ClusterStatus, Problem } from '../cluster/status.ts'
import type { EngineEvent } from '../engine/events.ts'
import type { Bench } from './bench.ts'
import { refreshStatus } from './status.ts'

/** What plan, apply and runbooks end with: whether the cluster works, and what mends it. */
export type Standing = Pick<ClusterStatus, 'cluster' | 'health' | 'problems'>

/** The verdict of a status; undefined where there is none. */
export const standingOf = ({ cluster, health, problems }: ClusterStatus): Standing => ({
  cluster,
  health,
  problems,
})

/** A changed cluster may take so long to come to rest before it is judged, times the patience. */
const REST_MS = 60_000
const BETWEEN_MS = 1000

interface Settling {
  readonly emit: (event: EngineEvent) => void
  readonly patience: number
  /** The status that was read last, if it is worth anything. */
  readonly known?: ClusterStatus
  /** Judged without waiting any longer; default: when it is healthy. */
  readonly enough?: (status: ClusterStatus) => boolean
}

const isHealthy = ({ health }: ClusterStatus): boolean => health === 'healthy'

/** The status of a cluster that was changed just now: the first that is good enough, or the last before time is up. */
export async function settled(bench: Bench, settling: Settling): Promise<ClusterStatus> {
  const { emit, patience, known, enough = isHealthy } = settling
  const { soft, hard } = bench.caller
  const deadline = performance.now() + REST_MS * patience
  let told: string | undefined
  let status = known ?? (await refreshStatus(bench))
  while (!enough(status) && performance.now() < deadline && !soft.aborted && !hard.aborted) {
    const why = status.problems[0]?.summary ?? `${status.cluster} is ${status.health}`
    if (told !== why)
      emit({ kind: 'notice', level: 'info', text: `waiting until the cluster is at rest: ${why}` })
    told = why
    await wait(BETWEEN_MS, undefined, { signal: soft }).catch(() => undefined)
    status = await refreshStatus(bench)
  }
  return status
}

const sameness = ({ code, member }: Problem): string => `${code} ${member ?? ''}`

/** Whether a cluster is no worse than it was: it works, and nothing is wrong that was not wrong before. */
export function isNoWorse(before: ClusterStatus, after: ClusterStatus): boolean {
  const known = new Set(before.problems.map(sameness))
  return (
    after.health === 'healthy' ||
    (after.health !== 'down' && after.problems.every((problem) => known.has(sameness(problem))))
  )
}
