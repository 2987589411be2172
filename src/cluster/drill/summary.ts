import type { Ledger } from './ledger.ts'
import type { DrillResult, RunResult, ScenarioSummary, Series } from './result.ts'
import { percentile, spread, upperBound } from './stats.ts'

/** Acknowledged and failed writes in steps of 100 ms. Pure. */
export function seriesOf(ledger: Ledger, from: number, until: number, stepMs = 100): Series {
  const steps = Math.max(0, Math.ceil((until - from) / stepMs))
  const acknowledged = new Array<number>(steps).fill(0)
  const failed = new Array<number>(steps).fill(0)
  for (const { result, answeredAt } of ledger.writes.values()) {
    if (result === undefined || answeredAt === undefined) continue
    const step = Math.floor((answeredAt - from) / stepMs)
    const counts = result === 'ack' ? acknowledged : failed
    if (step >= 0 && step < steps) counts[step] = (counts[step] ?? 0) + 1
  }
  return { from, stepMs, acknowledged, failed }
}

/** The greatest number of lost writes that any verdict of a run found. */
export const lostIn = ({ verdicts }: Pick<RunResult, 'verdicts'>): number =>
  Math.max(0, ...Object.values(verdicts).map(({ lost }) => lost.length))

const last = ({ verdicts }: RunResult) => verdicts.rejoin ?? verdicts.failover

function summaryOf(scenario: string, all: readonly RunResult[]): ScenarioSummary {
  const runs = all.filter((run) => run.scenario === scenario)
  const outageMs = spread(
    runs.flatMap(({ faultAt, outage }) => (faultAt === undefined ? [] : [outage?.ms ?? 0])),
  )
  const parts = new Map<string, number[]>()
  for (const { outage } of runs) {
    for (const { parts: names, ms } of outage?.parts ?? [])
      parts.set(names.join('+'), [...(parts.get(names.join('+')) ?? []), ms])
  }
  const sum = (value: (run: RunResult) => number): number =>
    runs.reduce((total, run) => total + value(run), 0)
  return {
    scenario,
    runs: runs.length,
    passed: runs.filter(({ passed }) => passed).length,
    lost: sum(lostIn),
    ghosts: sum((run) => last(run)?.ghosts ?? 0),
    acknowledged: sum((run) => last(run)?.acknowledged ?? 0),
    ...(outageMs && { outageMs }),
    parts: Object.fromEntries([...parts].map(([names, values]) => [names, percentile(values, 0.5) ?? 0])),
  }
}

/** Sums up the runs of a drill. Only runs whose writes were compared count for the bound of losses. Pure. */
export function summarize(
  runs: readonly RunResult[],
): Pick<DrillResult, 'passed' | 'scenarios' | 'loss' | 'runs'> {
  const judged = runs.filter((run) => last(run) !== undefined)
  const withLoss = judged.filter((run) => lostIn(run) > 0).length
  return {
    passed: runs.length > 0 && runs.every(({ passed }) => passed),
    scenarios: [...new Set(runs.map(({ scenario }) => scenario))].map((name) => summaryOf(name, runs)),
    loss: { runs: judged.length, withLoss, atMost: upperBound(withLoss, judged.length) },
    runs,
  }
}
