import type { ControlData } from './controldata.ts'
import { lsnDistance } from './lsn.ts'
import type { Lsn } from './lsn.ts'
import { leftAt } from './timeline.ts'
import type { HistoryEntry } from './timeline.ts'
import type { WalPast } from './wal-past.ts'

/** The line of a primary: its timeline, and where it left the timelines before. */
export interface Line {
  readonly systemIdentifier: string
  readonly timeline: number
  readonly history: readonly HistoryEntry[]
}

/** What is known of a data directory whose server is down. */
export interface DataFound {
  /** Undefined: there is no control file. */
  readonly control: ControlData | undefined
  /** A base backup that no server has started from. */
  readonly fresh: boolean
}

/** What would be lost with the WAL past a fork. */
export interface Loss {
  /** Undefined: more than could be read, at least what was counted. */
  readonly commits: number | undefined
  /** Commits that were counted. */
  readonly counted: number
  /** Bytes of WAL from the fork to the last position known; the last record comes on top. */
  readonly bytes: number
}

/** How a data directory stands to the line of a primary. */
export type Divergence =
  | { readonly kind: 'no-data' }
  | { readonly kind: 'other-cluster'; readonly systemIdentifier: string }
  /** Can follow as it is. */
  | { readonly kind: 'follows' }
  /** Was primary on the timeline on which the primary is now: nothing tells where they parted. */
  | { readonly kind: 'was-primary'; readonly timeline: number }
  /** Is on a timeline that is not in the primary's past. */
  | { readonly kind: 'foreign-timeline'; readonly timeline: number }
  /** Has WAL past the point where the primary's line left its timeline. */
  | ({ readonly kind: 'diverged'; readonly timeline: number; readonly fork: Lsn } & Loss)

const STANDBY = ['in archive recovery', 'shut down in recovery']

/** Where the WAL of a data directory must be read to judge it: where the primary's line left its timeline. Pure. */
export function forkFor(control: ControlData | undefined, line: Line): Lsn | undefined {
  if (control === undefined || control.systemIdentifier !== line.systemIdentifier) return undefined
  return control.timeline === line.timeline ? undefined : leftAt(line.history, control.timeline)
}

/** Page headers that a record may cross, beside a margin for the first of a segment. */
const headers = (size: bigint): bigint => 48n + (size / 8000n + 1n) * 24n

/** Whether the records that were read reach what the control file knows of. */
function isComplete(past: WalPast, { lsn, reached }: Pick<ControlData, 'lsn' | 'reached'>): boolean {
  if (past.last === undefined || lsn === undefined || reached === undefined) return false
  if (past.last >= lsn) return true
  // The control file knows an end (of recovery), not a beginning: it may lie within the last record.
  return past.end !== undefined && past.end + headers(past.end - past.last) >= reached
}

/**
 * What is past a fork: the commits that were counted, or an unknown number of them where nothing could be read, or less
 * than the control file knows of. Pure.
 */
export function lossPast(
  fork: Lsn,
  past: WalPast | undefined,
  control: Pick<ControlData, 'lsn' | 'reached'>,
): Loss | undefined {
  const { reached } = control
  if (past === undefined || past.records === 0) {
    if (reached !== undefined && reached <= fork) return undefined
    return { commits: undefined, counted: 0, bytes: reached === undefined ? 0 : lsnDistance(fork, reached) }
  }
  const known = [past.last ?? fork, reached ?? fork].reduce((a, b) => (a > b ? a : b))
  const isAll = (reached !== undefined && reached <= fork) || isComplete(past, control)
  return {
    commits: isAll ? past.commits : undefined,
    counted: past.commits,
    bytes: lsnDistance(fork, known),
  }
}

/**
 * Judges a data directory by its control file, the primary's history and the WAL past the fork (`past`: read from
 * `forkFor`). The one place where it is decided whether commits would be discarded. Pure.
 */
export function judgeData({ control, fresh }: DataFound, line: Line, past?: WalPast): Divergence {
  if (control === undefined) return { kind: 'no-data' }
  const { systemIdentifier, timeline } = control
  if (systemIdentifier !== line.systemIdentifier) return { kind: 'other-cluster', systemIdentifier }
  if (timeline === line.timeline) {
    return fresh || STANDBY.includes(control.state) ? { kind: 'follows' } : { kind: 'was-primary', timeline }
  }
  const fork = leftAt(line.history, timeline)
  if (fork === undefined) return { kind: 'foreign-timeline', timeline }
  const loss = lossPast(fork, past, control)
  return loss === undefined ? { kind: 'follows' } : { kind: 'diverged', timeline, fork, ...loss }
}

/** Why pg_rewind cannot work on it; undefined when it can. Pure. */
export function notRewindable({ state, checksums, walLogHints }: ControlData): string | undefined {
  if (!checksums && !walLogHints) return 'pg_rewind needs wal_log_hints or checksums'
  const known = [...STANDBY, 'shut down', 'in production']
  return known.includes(state) ? undefined : `its state is "${state}"`
}

/** Commits in words: `2 commits`, `at least 2 commits`, `an unknown number of commits`. */
export function lostWords({ commits, counted }: Loss): string {
  const plural = (count: number): string => `${count} ${count === 1 ? 'commit' : 'commits'}`
  if (commits !== undefined) return plural(commits)
  return counted > 0 ? `at least ${plural(counted)}` : 'an unknown number of commits'
}
