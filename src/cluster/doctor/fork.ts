import { parseLsn } from '../lsn.ts'
import type { Lsn } from '../lsn.ts'
import { historyFileName, parseHistory } from '../timeline.ts'
import type { HistoryEntry } from '../timeline.ts'
import type { HostCase } from './case.ts'

/** Where a member's line left another's, and the timeline its own WAL has from there on. */
export interface Fork {
  readonly at: Lsn
  readonly timeline: number
}

const timelineOf = ({ server, facts }: HostCase): number | undefined =>
  server?.timeline ?? facts?.control?.timeline

const historyOf = ({ server, facts }: HostCase, timeline: number): readonly HistoryEntry[] =>
  parseHistory(server?.history ?? facts?.histories.get(historyFileName(timeline)) ?? '')

/**
 * The point up to which two members have the same WAL, from their history files: the first timeline that both have
 * and that they left at different places, or that one of them still writes. Undefined when they are on one timeline (no
 * file tells where they parted) or have none in common.
 */
export function forkOf(host: HostCase, other: HostCase): Fork | undefined {
  const [own, theirs] = [timelineOf(host), timelineOf(other)]
  if (own === undefined || theirs === undefined || own === theirs) return undefined
  const [mine, its] = [historyOf(host, own), historyOf(other, theirs)]
  for (const entry of its) {
    const left = mine.find(({ timeline }) => timeline === entry.timeline)
    if (entry.timeline === own) return { at: entry.end, timeline: own }
    if (left && left.end !== entry.end) {
      return { at: left.end < entry.end ? left.end : entry.end, timeline: own }
    }
  }
  const left = mine.find(({ timeline }) => timeline === theirs)
  return left && { at: left.end, timeline: own }
}

/** Bytes a member has written after a fork; undefined when its position is not known. */
export function bytesPast(host: HostCase, { at }: Fork): number | undefined {
  const end = parseLsn(host.server?.lsn ?? '') ?? host.facts?.control?.lsn
  return end === undefined ? undefined : Math.max(0, Number(end - at))
}
