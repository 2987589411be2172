import { differences, type Difference } from './merge.ts'
import type { DrillResult, ScenarioSummary } from './result.ts'

/** By how much an outage may be longer than before: every limit that is given must be passed. */
export interface Threshold {
  /** 0.2: a fifth. */
  readonly share?: number
  readonly ms?: number
}

/** A fifth and half a second: a short outage varies by more than a fifth, a long one by more than half a second. */
export const DEFAULT_THRESHOLD: Threshold = { share: 0.2, ms: 500 }

/** Below so many runs the 95th percentile (nearest rank) is the longest run. */
export const ENOUGH_FOR_P95 = 20
/** Below so many runs a median moves by much when one run is slow. */
export const ENOUGH_FOR_P50 = 5

/** One number of a scenario in both results; undefined where a result has none. */
export interface Change {
  readonly a?: number
  readonly b?: number
  readonly verdict: 'worse' | 'better' | 'alike' | 'unknown'
}

/** A scenario in both results, or in one of them. */
export interface ScenarioChange {
  readonly scenario: string
  readonly a?: ScenarioSummary
  readonly b?: ScenarioSummary
  /** Lost writes in all runs. */
  readonly lost: Change
  /** Runs that were not as expected. */
  readonly failed: Change
  /** Milliseconds. */
  readonly p50: Change
  readonly p95: Change
  /** What makes the comparison weak. */
  readonly notes: readonly string[]
}

export interface Comparison {
  readonly threshold: Threshold
  readonly scenarios: readonly ScenarioChange[]
  readonly differences: readonly Difference[]
  /** One sentence each; none: nothing is worse. */
  readonly regressions: readonly string[]
}

const isPassed = (a: number, b: number, { share, ms }: Threshold): boolean =>
  b > a && (share === undefined || b > a * (1 + share)) && (ms === undefined || b - a > ms)

function change(a: number | undefined, b: number | undefined, threshold: Threshold): Change {
  const verdict =
    a === undefined || b === undefined
      ? 'unknown'
      : isPassed(a, b, threshold)
        ? 'worse'
        : isPassed(b, a, threshold)
          ? 'better'
          : 'alike'
  return { ...(a !== undefined && { a }), ...(b !== undefined && { b }), verdict }
}

/** Counts of events, compared by how many there are in a run: repeating more often is no regression. */
function counts(
  a: ScenarioSummary | undefined,
  b: ScenarioSummary | undefined,
  of: (summary: ScenarioSummary) => number,
): Change {
  const [left, right] = [a && of(a), b && of(b)]
  const rate = (n: number | undefined, summary: ScenarioSummary | undefined): number | undefined =>
    n === undefined || !summary ? undefined : n / Math.max(1, summary.runs)
  // A loss in a scenario that the first result does not have is new as well.
  const { verdict } = change(rate(left, a) ?? (right === undefined ? undefined : 0), rate(right, b), {})
  return { ...(left !== undefined && { a: left }), ...(right !== undefined && { b: right }), verdict }
}

function notesOf(a: ScenarioSummary | undefined, b: ScenarioSummary | undefined): readonly string[] {
  if (!a) return ['only in B']
  if (!b) return ['only in A']
  const least = Math.min(a.outageMs?.n ?? 0, b.outageMs?.n ?? 0)
  if (least < ENOUGH_FOR_P50) return [`few runs (${a.runs}, ${b.runs}): the difference may be chance`]
  return least < ENOUGH_FOR_P95 ? ['fewer than 20 runs: p95 is the longest one'] : []
}

function scenarioChange(
  scenario: string,
  a: ScenarioSummary | undefined,
  b: ScenarioSummary | undefined,
  threshold: Threshold,
): ScenarioChange {
  return {
    scenario,
    ...(a && { a }),
    ...(b && { b }),
    lost: counts(a, b, ({ lost }) => lost),
    failed: counts(a, b, ({ runs, passed }) => runs - passed),
    p50: change(a?.outageMs?.p50, b?.outageMs?.p50, threshold),
    p95: change(a?.outageMs?.p95, b?.outageMs?.p95, threshold),
    notes: notesOf(a, b),
  }
}

const seconds = (ms = 0): string => `${(ms / 1000).toFixed(1)} s`

function regressionsOf({ scenario, lost, failed, p50, p95 }: ScenarioChange): readonly string[] {
  const time = (name: string, { a, b, verdict }: Change): readonly string[] =>
    verdict === 'worse' ? [`${scenario}: ${name} without writes ${seconds(a)} → ${seconds(b)}`] : []
  return [
    ...(lost.verdict === 'worse' ? [`${scenario}: lost writes ${lost.a ?? 0} → ${lost.b ?? 0}`] : []),
    ...(failed.verdict === 'worse' ? [`${scenario}: failed runs ${failed.a ?? 0} → ${failed.b ?? 0}`] : []),
    ...time('p50', p50),
    ...time('p95', p95),
  ]
}

/** Two results side by side; B is judged by A. Pure. */
export function compareResults(a: DrillResult, b: DrillResult, threshold = DEFAULT_THRESHOLD): Comparison {
  const names = [...new Set([...a.scenarios, ...b.scenarios].map(({ scenario }) => scenario))]
  const find = ({ scenarios }: DrillResult, name: string): ScenarioSummary | undefined =>
    scenarios.find(({ scenario }) => scenario === name)
  const scenarios = names.map((name) => scenarioChange(name, find(a, name), find(b, name), threshold))
  return {
    threshold,
    scenarios,
    differences: differences(a, b),
    regressions: scenarios.flatMap(regressionsOf),
  }
}
