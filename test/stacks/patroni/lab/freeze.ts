import { poll } from '../../../../src/lib/poll.ts'
import { longestGap, startLedger, type Ledger, type Row } from './ledger.ts'

/** A cluster that may be broken: what the test needs to know of it. */
export interface Bed {
  readonly members: readonly string[]
  /** Address of a member as its server tells it to clients. */
  readonly addressOf: (member: string) => string
  /** A shell script as root on a member; its standard output. Throws when it fails. */
  readonly sh: (member: string, script: string) => Promise<string>
  /** An argument list that runs another one as the client. */
  readonly client: (argv: readonly string[]) => readonly string[]
  /** Reaches whichever member takes writes, as the owner of the table. */
  readonly conninfo: string
  /** The member that holds the leader lock, if one does. */
  readonly leader: () => Promise<string | undefined>
  /** Whether every member runs and follows the leader. */
  readonly healthy: () => Promise<boolean>
  readonly freezeHost: (member: string) => Promise<void>
  readonly thawHost: (member: string) => Promise<void>
}

/** What stops: all processes of PostgreSQL, Patroni alone, or every process of the host. */
export type Frozen = 'postgres' | 'patroni' | 'host'

export interface FreezeOptions {
  readonly what: Frozen
  readonly seconds: number
  readonly writers?: number
}

export interface FreezeReport {
  readonly what: Frozen
  readonly acknowledged: number
  readonly gapMs: number
  readonly leaderBefore: string
  /** Who held the lock shortly before the thaw, and at the end. */
  readonly leaderDuring: string | undefined
  readonly leaderAfter: string | undefined
  /** Acknowledged rows that the cluster does not have: just before the thaw, and after all members are back. */
  readonly lostDuring: number
  readonly lostAfter: number
  /** Lost rows by the server that acknowledged them. */
  readonly lostFrom: Readonly<Record<string, number>>
  /** Rows the frozen member acknowledged after the thaw although another leads in the end. */
  readonly lateAcks: number
  /** Acknowledgements that came with a warning that the standby may not have the row. */
  readonly warnings: number
}

const SQL_TABLE = 'drop table if exists ledger; create table ledger (id bigint primary key)'
const MAIN_PID = '$(systemctl show --property=MainPID --value patroni.service)'

const signal = (what: 'postgres' | 'patroni', name: 'STOP' | 'CONT'): string =>
  what === 'postgres'
    ? `pids=$(pgrep -x postgres) && kill -${name} $pids || [ ${name} = CONT ]`
    : `kill -${name} ${MAIN_PID}`

async function freeze(bed: Bed, member: string, what: Frozen): Promise<void> {
  if (what === 'host') await bed.freezeHost(member)
  else await bed.sh(member, signal(what, 'STOP'))
}

async function thaw(bed: Bed, member: string, what: Frozen): Promise<void> {
  if (what === 'host') await bed.thawHost(member)
  else await bed.sh(member, signal(what, 'CONT'))
}

/** One statement through psql on a member, as its superuser. */
const query = (bed: Bed, member: string, sql: string): Promise<string> =>
  bed.sh(member, `runuser -u postgres -- psql -XAtqw -d app -c "${sql}"`)

async function missing(bed: Bed, member: string, rows: readonly Row[]): Promise<readonly Row[]> {
  const there = new Set((await query(bed, member, 'select id from ledger')).split('\n').map(Number))
  return rows.filter((row) => !there.has(row.id))
}

async function eventually(what: string, timeoutMs: number, test: () => Promise<boolean>): Promise<void> {
  const seen = await poll(async () => ((await test()) ? true : undefined), { timeoutMs, intervalMs: 500 })
  if (seen === undefined) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`)
}

const countFrom = (rows: readonly Row[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const row of rows) counts[row.from] = (counts[row.from] ?? 0) + 1
  return counts
}

/** The time of the freeze: what the cluster has just before its end. */
async function during(bed: Bed, ledger: Ledger, frozen: string, until: number) {
  const passed = () => Promise.resolve(performance.now() >= until ? true : undefined)
  await poll(passed, { timeoutMs: until - performance.now() + 1000, intervalMs: 50 })
  const leader = await bed.leader()
  const asked = leader !== undefined && leader !== frozen
  const rows = ledger.rows()
  return { leader, lost: asked ? (await missing(bed, leader, rows)).length : 0 }
}

/**
 * Stops something on the leader while clients write, continues it after some seconds, waits until every member is back,
 * and compares what clients were told with what the cluster has, before the thaw and at the end. Throws when the cluster
 * does not come back; what was lost is for the caller to judge.
 */
export async function freezeAndThaw(bed: Bed, options: FreezeOptions): Promise<FreezeReport> {
  const before = await bed.leader()
  if (before === undefined) throw new Error('there is no leader to freeze')
  await query(bed, before, `${SQL_TABLE}; alter table ledger owner to app`)
  const ledger = startLedger({ client: bed.client, conninfo: bed.conninfo, writers: options.writers ?? 2 })
  try {
    await ledger.more(100)
    await freeze(bed, before, options.what)
    const middle = await during(bed, ledger, before, performance.now() + options.seconds * 1000)
    const thawedAt = Date.now()
    await thaw(bed, before, options.what)
    await ledger.more(300, 90_000)
    await eventually('every member is back after the thaw', 120_000, bed.healthy)
    const { rows, said } = await ledger.stop()
    const after = await bed.leader()
    const lost = await missing(bed, after ?? before, rows)
    const late = rows.filter((row) => row.from === bed.addressOf(before) && row.at >= thawedAt)
    return {
      what: options.what,
      acknowledged: rows.length,
      gapMs: longestGap(rows),
      leaderBefore: before,
      leaderDuring: middle.leader,
      leaderAfter: after,
      lostDuring: middle.lost,
      lostAfter: lost.length,
      lostFrom: countFrom(lost),
      lateAcks: after === before ? 0 : late.length,
      warnings: said.split('\n').filter((line) => line.includes('canceling wait')).length,
    }
  } finally {
    await ledger.stop().catch(() => undefined)
    await thaw(bed, before, options.what).catch(() => undefined)
  }
}
