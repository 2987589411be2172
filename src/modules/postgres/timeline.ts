import { parseLsn } from './lsn.ts'
import type { Lsn } from './lsn.ts'

/** One line of a timeline history file: this timeline ended at `end` and the next one began there. */
export interface HistoryEntry {
  readonly timeline: number
  readonly end: Lsn
  readonly reason: string
}

/**
 * Reads a timeline history file (`00000003.history`, or the answer of the replication command
 * TIMELINE_HISTORY): one line a parent timeline, `ID<tab>switch point<tab>reason`; comments and empty lines skipped.
 */
export function parseHistory(text: string): readonly HistoryEntry[] {
  const entries: HistoryEntry[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)\s*(.*)$/.exec(line)
    const end = match && parseLsn(match[2] ?? '')
    if (match && end) entries.push({ timeline: Number(match[1]), end, reason: (match[3] ?? '').trim() })
  }
  return entries
}

/** Where a history left a timeline; undefined when that is not in it. */
export const leftAt = (history: readonly HistoryEntry[], timeline: number): Lsn | undefined =>
  history.find((entry) => entry.timeline === timeline)?.end

/** Where a server stands: its timeline and the end of the WAL it has written or replayed there. */
export interface WalPosition {
  readonly timeline: number
  readonly lsn: Lsn
}

export type Lineage =
  | { readonly kind: 'follows' }
  /** Has WAL on its timeline after the point where the primary's line left it: pg_rewind or a new base backup. */
  | { readonly kind: 'diverged'; readonly forkedAt: Lsn; readonly by: number }
  /** Is on a timeline that is not in the primary's past. */
  | { readonly kind: 'foreign-timeline' }

/**
 * Whether a server can follow a primary by streaming. The primary's history lists the end of every timeline
 * it has left; a server on one of them may not have gone further than that end.
 */
export function lineage(
  server: WalPosition,
  primaryTimeline: number,
  primaryHistory: readonly HistoryEntry[],
): Lineage {
  if (server.timeline === primaryTimeline) return { kind: 'follows' }
  const left = leftAt(primaryHistory, server.timeline)
  if (left === undefined) return { kind: 'foreign-timeline' }
  return server.lsn <= left
    ? { kind: 'follows' }
    : { kind: 'diverged', forkedAt: left, by: Number(server.lsn - left) }
}

/** Timeline of a WAL file name (its first 8 hex digits); undefined when it is no WAL file's name. */
export const timelineOfWalFile = (name: string): number | undefined =>
  /^[0-9A-F]{24}$/.test(name) ? Number.parseInt(name.slice(0, 8), 16) : undefined

/** Name of the history file of a timeline: `00000003.history`. */
export const historyFileName = (timeline: number): string =>
  `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`
