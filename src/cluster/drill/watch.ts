import { setTimeout as wait } from 'node:timers/promises'
import type { Connect } from '../../transport/transport.ts'
import { openLine, type Line } from './line.ts'
import type { Site } from './site.ts'
import type { Clash, Look } from './result.ts'

/** What one look at a host found. */
export interface Sample extends Look {
  /** Of a primary: its timeline, and how far its WAL is on disk. */
  readonly wal?: { readonly timeline: number; readonly lsn: string }
}

const SQL = `select pg_is_in_recovery(), (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint,
case when not pg_is_in_recovery() then substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8) end,
case when not pg_is_in_recovery() then pg_current_wal_flush_lsn() end`

/**
 * Without PAM, without a login and without Debian's wrapper of psql, a Perl program: this runs several times a second.
 * The addresses come first, so that a server that hangs does not hide them.
 */
const LOOK = `export LC_ALL=C PGCONNECT_TIMEOUT=1 PGOPTIONS='-c statement_timeout=700'
PATH=$PATH:/usr/sbin:/sbin
ip -o -4 addr show | awk '{ sub("/.*", "", $4); printf "%s ", $4 } END { print "" }'
timeout 0.9 setpriv --reuid=postgres --regid=postgres --init-groups "$4/psql" -XAtqw -h "$1" -p "$2" -d postgres -c "$3" </dev/null 2>/dev/null
exit 0`

/** A sample from what the host printed; undefined text: no answer. Pure. */
export function parseSample(host: string, at: number, text: string | undefined): Sample {
  if (text === undefined) return { host, at, state: 'unreachable', addresses: [] }
  const [addresses = '', answer = ''] = text.split('\n')
  const [recovery = '', server = '', timeline = '', lsn = ''] = answer.split('|')
  const state = recovery === 'f' ? 'primary' : recovery === 't' ? 'standby' : 'down'
  return {
    host,
    at,
    state,
    addresses: addresses.split(' ').filter((each) => each !== ''),
    ...(server !== '' && { server }),
    ...(lsn !== '' && { wal: { timeline: Number.parseInt(timeline, 16), lsn } }),
  }
}

/** Looks at all members until it is stopped. */
export interface Watch {
  readonly samples: () => readonly Sample[]
  /** The newest look at each member. */
  readonly latest: () => ReadonlyMap<string, Sample>
  readonly stop: () => Promise<readonly Sample[]>
}

const EVERY_MS = 200
const PATIENCE_MS = 1500

const epoch = (): number => performance.timeOrigin + performance.now()

async function look({ socketDir, port, binDir }: Site, line: Line): Promise<Sample> {
  const argv = ['sh', '-c', LOOK, 'look', socketDir, String(port), SQL, binDir]
  const asked = epoch()
  const results = await line.run([{ argv, timeoutMs: PATIENCE_MS }], PATIENCE_MS)
  return parseSample(line.host, (asked + epoch()) / 2, results?.[0]?.stdout)
}

/** Starts to look at every member about five times a second, each over a connection of its own. */
export function startWatch(site: Site, connect: Connect): Watch {
  const samples: Sample[] = []
  const latest = new Map<string, Sample>()
  let stopped = false
  const follow = async (line: Line): Promise<void> => {
    while (!stopped) {
      const next = performance.now() + EVERY_MS
      const sample = await look(site, line)
      samples.push(sample)
      latest.set(line.host, sample)
      await wait(Math.max(20, next - performance.now()))
    }
    await line.close()
  }
  const loops = site.members.map(({ connection }) => follow(openLine(connection, connect)))
  return {
    samples: () => samples,
    latest: () => latest,
    stop: async () => {
      stopped = true
      await Promise.all(loops)
      return byTime(samples)
    },
  }
}

/** Looks further apart than this say nothing about the time between them. */
const APART_MS = 2500

const byTime = (samples: readonly Sample[]): readonly Sample[] => samples.toSorted((a, b) => a.at - b.at)

/** The times between two looks at a host, one after the other, in both of which something held. */
function spells(
  samples: readonly Sample[],
  host: string,
  holds: (sample: Sample) => boolean,
): readonly (readonly [from: number, to: number])[] {
  const own = samples.filter((sample) => sample.host === host)
  return own.slice(1).flatMap((second, index) => {
    const first = own[index] ?? second
    const isOne = first.server === second.server && second.at - first.at <= APART_MS
    return isOne && holds(first) && holds(second) ? [[first.at, second.at] as const] : []
  })
}

/**
 * When something held for two hosts at once: for one of them in two looks one after the other, for the other one in a look
 * between these. Looks at different hosts are never at the same instant; this makes no clash of a move. Pure.
 */
export function clashes(unsorted: readonly Sample[], holds: (sample: Sample) => boolean): readonly Clash[] {
  const samples = byTime(unsorted)
  const seen = samples.filter(holds)
  const found = new Map<string, Clash>()
  for (const host of new Set(seen.map((sample) => sample.host))) {
    const between = spells(samples, host, holds)
    for (const { host: other, at } of seen) {
      if (other === host || !between.some(([from, to]) => from < at && at < to)) continue
      const hosts = [host, other].toSorted() as [string, string]
      const { from = at, to = at } = found.get(hosts.join(' ')) ?? {}
      found.set(hosts.join(' '), { hosts, from: Math.min(from, at), to: Math.max(to, at) })
    }
  }
  return [...found.values()]
}

/** Only the looks that differ from the one before at the same host, without the positions in the WAL. Pure. */
export function changes(samples: readonly Sample[]): readonly Look[] {
  const last = new Map<string, string>()
  return samples.flatMap(({ host, at, state, server, addresses }) => {
    const now = JSON.stringify([state, server, addresses])
    const isNew = last.get(host) !== now
    last.set(host, now)
    return isNew ? [{ host, at, state, ...(server !== undefined && { server }), addresses }] : []
  })
}
