import { loadavg } from 'node:os'
import { modeOf } from '../members.ts'
import type { ClusterStatus } from '../status.ts'
import type { Stage } from './act.ts'
import { checksOf } from './expect.ts'
import type { Fault } from './fault.ts'
import type { Ledger } from './ledger.ts'
import type { Line } from './line.ts'
import { MARK_SCRIPT, parseMark, type Moment } from './marks.ts'
import { outageOf } from './outage.ts'
import type { Rejoin } from './rejoin.ts'
import type { Divergence, Outage, RunResult, Verdict, WalLoss } from './result.ts'
import type { Site } from './site.ts'
import { readers } from './staleness.ts'
import { seriesOf } from './summary.ts'
import { historyOf, promotedAt, type Tables } from './tables.ts'
import { errorKinds, latencies, overlaps, writeGaps } from './timing.ts'
import { compare, diverge } from './verdict.ts'
import { walLoss, type WalEnd } from './wal.ts'
import { changes, clashes, type Sample } from './watch.ts'

/** What happened, as far as it went. */
export interface Course {
  readonly beganAt: number
  readonly faultAt: number
  readonly back: boolean
  readonly healedAt?: number
  /** The comparison right after the failover. */
  readonly failover?: Verdict
  readonly rejoin?: Rejoin
  readonly pending?: { readonly changes: number; readonly why?: string }
  readonly tables?: Tables
  /** How far the WAL of the former primary went. */
  readonly walEnd?: WalEnd
}

interface Whole extends Course {
  readonly ledger: Ledger
  readonly samples: readonly Sample[]
  /** When the clients were ended. */
  readonly stoppedAt: number
  readonly cleaned: boolean
}

/** The earliest moment at which any member's journal has one of the lines. */
async function marksOf(
  site: Site,
  lines: ReadonlyMap<string, Line>,
  faultAt: number,
): Promise<Partial<Record<'detected' | 'decided', Moment>>> {
  const found: Partial<Record<'detected' | 'decided', Moment>> = {}
  const commands = site.drills.marks.map(({ pattern, from }) => ({
    argv: ['sh', '-c', MARK_SCRIPT, 'mark', (faultAt / 1000).toFixed(3), pattern, ...from],
    timeoutMs: 10_000,
  }))
  await Promise.all(
    [...lines].map(async ([host, line]) => {
      const results = await line.run(commands, 12_000)
      for (const [index, { what }] of site.drills.marks.entries()) {
        const mark = parseMark(results?.[index]?.stdout ?? '')
        if (!mark || mark.at < faultAt || mark.at > (found[what]?.at ?? Number.POSITIVE_INFINITY)) continue
        found[what] = { at: mark.at, source: `journal of ${mark.identifier} on ${host}` }
      }
    }),
  )
  return found
}

async function outage(
  site: Site,
  stage: Pick<Stage, 'cast' | 'lines'>,
  whole: Whole,
  after: string,
): Promise<Outage | undefined> {
  const { ledger, samples, faultAt, healedAt, back, stoppedAt } = whole
  const { cast, lines } = stage
  const line = lines.get(after)
  const promoted = line && after !== cast.primary ? await promotedAt(site, line) : undefined
  const writer = writerOf(whole.rejoin?.status)
  return outageOf({
    ledger,
    faultAt,
    until: back ? (healedAt ?? stoppedAt) : stoppedAt,
    samples,
    before: cast.primary,
    after,
    ...(writer !== undefined && { writer }),
    marks: await marksOf(site, lines, faultAt),
    ...(promoted !== undefined && {
      promoted: { at: promoted, source: `history file of the new timeline on ${after}` },
    }),
  })
}

/** The comparison of the end: the ledger with the primary, and every standby with the primary. */
function comparison({ tables, ledger }: Whole) {
  const lead = tables?.members.get(tables.primary ?? '')
  const others = [...(tables?.members ?? [])].filter(([name]) => name !== tables?.primary)
  return {
    ...(lead && { verdict: compare(ledger, lead.snapshot) }),
    divergences: lead ? others.flatMap(([, { snapshot }]) => diverge(lead.snapshot, snapshot) ?? []) : [],
    checksums: Object.fromEntries([...(tables?.members ?? [])].map(([name, each]) => [name, each.checksum])),
  }
}

const writerOf = (status: ClusterStatus | undefined): string | undefined =>
  status?.addresses.find(({ name }) => name === 'writer')?.address

/** A copy without what is undefined. */
const given = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

/** What the ledger and the looks say by themselves. */
function factsOf({ ledger, samples, rejoin }: Whole, divergences: readonly Divergence[]) {
  const writer = writerOf(rejoin?.status)
  return {
    divergences,
    overlaps: overlaps(ledger),
    readers: readers(ledger),
    addressClashes:
      writer === undefined ? [] : clashes(samples, ({ addresses }) => addresses.includes(writer)),
  }
}

/** Below 0: no plan was made. */
const plan = (pending: Whole['pending']) => ({
  pending: pending?.changes ?? -1,
  ...given({ pendingWhy: pending?.why }),
})

/** How the cluster stood when all was over. */
const endOf = ({ rejoin, pending, tables, cleaned }: Whole) => ({
  mode: modeOf(rejoin?.status),
  unread: tables?.unread ?? [],
  healthy: rejoin?.healthy === true,
  helped: rejoin?.helped ?? [],
  cleaned,
  ...plan(pending),
  ...given({ unhealthy: rejoin?.why, after: tables?.primary, rejoinMs: rejoin?.ms }),
})

/** What the former primary had that the primary of the end has not. */
async function walOf(
  site: Site,
  { lines }: Pick<Stage, 'lines'>,
  { walEnd, tables }: Whole,
): Promise<WalLoss | undefined> {
  const lead = lines.get(tables?.primary ?? '')
  return walLoss(walEnd, lead && (await historyOf(site, lead)))
}

/** Puts everything that is known of a run together and judges it. */
export async function collect(
  site: Site,
  fault: Fault,
  { cast, lines }: Pick<Stage, 'cast' | 'lines'>,
  whole: Whole,
): Promise<Omit<RunResult, 'ledger' | 'run'>> {
  const { ledger, samples, failover, rejoin, faultAt, healedAt, beganAt, stoppedAt } = whole
  const after = whole.tables?.primary
  const found = await outage(site, { cast, lines }, whole, after ?? cast.primary)
  const { verdict, divergences, checksums } = comparison(whole)
  const facts = factsOf(whole, divergences)
  const verdicts = given({ failover, rejoin: verdict })
  const judged = {
    before: cast.primary,
    verdicts: Object.values(verdicts),
    back: whole.back,
    ...given({ outage: found }),
  }
  const wal = await walOf(site, { lines }, whole)
  const checks = checksOf({ expect: fault.expect, ...endOf(whole), ...facts, ...judged })
  return {
    scenario: fault.name,
    passed: checks.every(({ ok }) => ok),
    beganAt,
    faultAt,
    ...given({ healedAt, after, outage: found, wal }),
    endedAt: performance.timeOrigin + performance.now(),
    primary: cast.primary,
    standby: cast.standby,
    checks,
    verdicts,
    checksums,
    gaps: writeGaps(ledger, stoppedAt),
    latencies: latencies(ledger, faultAt, found?.to ?? faultAt),
    errors: errorKinds(ledger),
    ...facts,
    primaryClashes: clashes(samples, ({ state }) => state === 'primary'),
    ...(rejoin && { rejoin: { ms: rejoin.ms, helped: rejoin.helped } }),
    members: changes(samples),
    series: seriesOf(ledger, beganAt, stoppedAt),
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}
