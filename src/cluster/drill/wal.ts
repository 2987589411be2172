import { parseWalPast, walPastArgv } from '../../modules/postgres/wal-past.ts'
import { formatLsn, lsnDistance, parseLsn, type Lsn } from '../lsn.ts'
import { leftAt, parseHistory } from '../timeline.ts'
import type { Line } from './line.ts'
import type { Site } from './site.ts'
import type { Sample } from './watch.ts'
import type { WalLoss } from './result.ts'

/** A position in the WAL of a timeline, and where it was read. */
export interface WalEnd {
  readonly member: string
  readonly timeline: number
  readonly lsn: Lsn
  readonly source: string
}

/** The last position at which a member was seen as primary by the first server of it. Pure. */
export function lastSeen(samples: readonly Sample[], member: string): WalEnd | undefined {
  const own = samples.filter((sample) => sample.host === member && sample.wal !== undefined)
  const [first] = own
  const last = own.findLast((sample) => sample.wal?.timeline === first?.wal?.timeline)
  const lsn = parseLsn(last?.wal?.lsn ?? '')
  if (last?.wal === undefined || lsn === undefined) return undefined
  const at = new Date(last.at).toISOString().slice(11, 23)
  return { member, timeline: last.wal.timeline, lsn, source: `last look as primary, at ${at} UTC` }
}

/** As `runuser`, which opens a session of its own and may not answer on a host that is being mended. */
const AS_POSTGRES = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups']

/** The end of the WAL on a member's disk, read while nobody has mended it yet; the later of this and what was seen. */
export async function endOnDisk(site: Site, line: Line | undefined, seen: WalEnd): Promise<WalEnd> {
  const argv = [...AS_POSTGRES, ...walPastArgv(site, seen.timeline, seen.lsn, 15)]
  const results = await line?.run([{ argv, timeoutMs: 20_000 }], 20_000)
  const lsn = results?.[0] && parseWalPast(results[0])?.end
  if (lsn === undefined || lsn <= seen.lsn) return seen
  return { ...seen, lsn, source: 'last record on its disk (pg_waldump)' }
}

/** What the former primary had past the fork; undefined when no newer timeline left its own. Pure. */
export function walLoss(end: WalEnd | undefined, history: string | undefined): WalLoss | undefined {
  const fork = end && history !== undefined ? leftAt(parseHistory(history), end.timeline) : undefined
  if (end === undefined || fork === undefined) return undefined
  return {
    member: end.member,
    timeline: end.timeline,
    end: formatLsn(end.lsn),
    source: end.source,
    fork: formatLsn(fork),
    pastFork: Math.max(0, lsnDistance(fork, end.lsn)),
  }
}
