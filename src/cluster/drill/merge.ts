import type { DrillResult, Origin, RunResult } from './result.ts'
import { summarize } from './summary.ts'

/** The drills a result is made of: itself, or those that were merged into it. */
export const originsOf = ({ merged, ...result }: DrillResult): readonly Origin[] => {
  if (merged) return merged
  const {
    format: _format,
    passed: _passed,
    scenarios: _scenarios,
    loss: _loss,
    runs: _runs,
    skipped: _skipped,
    stopped: _stopped,
    ...origin
  } = result
  return [origin]
}

/** Ids of drills that are in more than one of the results: their runs would count twice. */
export function twice(results: readonly DrillResult[]): readonly string[] {
  const ids = results.flatMap((result) => originsOf(result).map(({ drill }) => drill))
  return [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))]
}

/** The runs of each scenario counted anew, each with the drill it comes from. */
function runsOf(results: readonly DrillResult[]): readonly RunResult[] {
  const counts = new Map<string, number>()
  return results.flatMap((result) =>
    result.runs.map((run) => {
      const number = (counts.get(run.scenario) ?? 0) + 1
      counts.set(run.scenario, number)
      return { ...run, drill: run.drill ?? result.drill, run: number }
    }),
  )
}

/**
 * One result out of several: shards, repeats. The sums are made anew; at the top stands the origin of the earliest drill.
 * Whether the results may be taken together is for the caller to judge (`differences`). Pure.
 */
export function merge(results: readonly [DrillResult, ...DrillResult[]]): DrillResult {
  const sorted = results.toSorted((a, b) => a.at.localeCompare(b.at))
  const origins = sorted.flatMap(originsOf)
  const { passed, ...sums } = summarize(runsOf(sorted))
  const [first] = origins
  const stopped = sorted.flatMap(({ drill, stopped: why }) => (why === undefined ? [] : [`${drill}: ${why}`]))
  const made = new Set(sums.scenarios.map(({ scenario }) => scenario))
  const skipped = sorted
    .flatMap((each) => each.skipped ?? [])
    .filter(
      ({ scenario }, at, all) =>
        !made.has(scenario) && at === all.findIndex((one) => one.scenario === scenario),
    )
  return {
    format: results[0].format,
    ...(first ?? results[0]),
    merged: origins,
    // A drill that was cut short did not pass, whatever its runs say.
    passed: passed && results.every((each) => each.passed),
    ...sums,
    ...(stopped.length > 0 && { stopped: stopped.join('; ') }),
    ...(skipped.length > 0 && { skipped }),
  }
}

/** Something in which two results differ although their numbers depend on it. */
export interface Difference {
  readonly what: string
  readonly a: string
  readonly b: string
}

const join = (values: readonly string[]): string => [...new Set(values)].toSorted().join(', ')

const packages = ({ environment }: Origin): string =>
  join(
    Object.values(environment.hosts).flatMap((host) =>
      Object.entries(host.packages).map(([name, version]) => `${name} ${version}`),
    ),
  )

/** What must be alike for numbers to be compared, as texts by name. */
function conditionsOf(result: DrillResult): ReadonlyMap<string, string> {
  const all = originsOf(result)
  const every = (of: (origin: Origin) => string): string => join(all.map(of))
  const settings = all.flatMap(({ settings: { cluster, postgres } }) => [
    ...Object.entries(cluster).map(([name, value]) => [`cluster setting ${name}`, value] as const),
    ...Object.entries(postgres).map(([name, value]) => [`PostgreSQL setting ${name}`, value] as const),
  ])
  return new Map<string, string>([
    ['cluster', every(({ cluster }) => cluster)],
    ['stack', every(({ stack }) => stack)],
    ['replication', every(({ mode }) => mode)],
    ['PostgreSQL', every(({ versions }) => versions.postgres ?? '')],
    ['hactl', every(({ versions }) => versions.hactl)],
    ['lab', every(({ lab }) => (lab === undefined ? 'none' : lab.replace(/^.* \(/, '(')))],
    ['writes a second', every(({ clients }) => String(clients.rate))],
    ['connections', every(({ clients }) => String(clients.connections))],
    ['patience for a connection', every(({ clients }) => `${clients.connectTimeoutMs} ms`)],
    ['patience for an answer', every(({ clients }) => `${clients.answerTimeoutMs} ms`)],
    ['processors', every(({ environment }) => String(environment.machine.cpus))],
    ['packages', every(packages)],
    ...settings,
  ])
}

/** What results have in place of one value, and which of them has which. */
export interface Disagreement {
  readonly what: string
  /** More than one, in the order of their first results; each with the places of its results. */
  readonly values: readonly { readonly value: string; readonly results: readonly number[] }[]
}

/** In what results differ that their numbers depend on; what one of them does not know is not compared. Pure. */
export function disagreements(results: readonly DrillResult[]): readonly Disagreement[] {
  const conditions = results.map(conditionsOf)
  const names = new Set(conditions.flatMap((each) => [...each.keys()]))
  return [...names].flatMap((what) => {
    const holders = new Map<string, number[]>()
    for (const [at, each] of conditions.entries()) {
      const value = each.get(what) ?? ''
      if (value !== '') holders.set(value, [...(holders.get(value) ?? []), at])
    }
    return holders.size < 2
      ? []
      : [{ what, values: [...holders].map(([value, at]) => ({ value, results: at })) }]
  })
}

/** The same of two results. Pure. */
export const differences = (a: DrillResult, b: DrillResult): readonly Difference[] =>
  disagreements([a, b]).map(({ what, values: [left, right] }) => ({
    what,
    a: left?.value ?? '',
    b: right?.value ?? '',
  }))
