import { setTimeout as wait } from 'node:timers/promises'
import type { Fault } from '../../cluster/drill/fault.ts'
import type { RunResult } from '../../cluster/drill/result.ts'
import { runDrill, type DrillOptions } from '../../cluster/drill/run.ts'
import { schedule } from '../../cluster/drill/schedule.ts'
import type { Site } from '../../cluster/drill/site.ts'
import { HactlError } from '../../diag/diagnostic.ts'
import type { DrillRequest } from './choice.ts'

interface Plan {
  readonly fault: Fault
  readonly run: number
  /** Pause before it, milliseconds. */
  readonly delayMs: number
}

/** The runs of a call in their order; endless when they are random. Pure. */
export function* plansOf(
  faults: readonly Fault[],
  { seed, repeat }: Pick<DrillRequest, 'seed' | 'repeat'>,
): Generator<Plan> {
  const counts = new Map<string, number>()
  const next = (fault: Fault, delayMs: number): Plan => {
    const run = (counts.get(fault.name) ?? 0) + 1
    counts.set(fault.name, run)
    return { fault, run, delayMs }
  }
  if (seed !== undefined) {
    const byName = new Map(faults.map((fault) => [fault.name, fault]))
    for (const { scenario, delayMs } of schedule(seed, [...byName.keys()])) {
      const fault = byName.get(scenario)
      if (fault) yield next(fault, delayMs)
    }
  }
  for (const fault of faults) for (let n = 0; n < repeat; n++) yield next(fault, 0)
}

/** How much of an endless order is shown. */
const SHOWN = 20

/** The order of the runs of a call, a line each; of an endless one its beginning. Pure. */
export function orderOf(faults: readonly Fault[], options: DrillRequest): readonly string[] {
  const lines: string[] = []
  const most = options.seed === undefined ? Number.POSITIVE_INFINITY : (options.runs ?? SHOWN)
  for (const { fault, run, delayMs } of plansOf(faults, options)) {
    if (lines.length >= most) break
    const pause = delayMs === 0 ? '' : `, after a pause of ${(delayMs / 1000).toFixed(1)} s`
    lines.push(`${String(lines.length + 1).padStart(4)}  ${fault.name}, run ${run}${pause}`)
  }
  return lines
}

interface Runner {
  readonly site: Site
  readonly drill: DrillOptions
  readonly options: DrillRequest
}

/** A scenario that this place does not allow. */
export interface Skipped {
  readonly scenario: string
  readonly why: string
}

interface Made {
  readonly results: readonly RunResult[]
  readonly skipped: readonly Skipped[]
  /** What ended the drill before its last run: a run that could not be made, or Ctrl-C. */
  readonly stopped?: unknown
}

/** Why a run cannot be made at this place; undefined for an error of another kind. */
function notHere(error: unknown): string | undefined {
  if (!(error instanceof HactlError)) return undefined
  const codes = ['drill/cannot-here', 'lab/cannot']
  return error.diagnostics.find(({ code }) => codes.includes(code))?.summary
}

const isOver = ({ seed, duration, runs }: DrillRequest, ms: number, made: number): boolean =>
  seed !== undefined &&
  (ms > (duration ?? Number.POSITIVE_INFINITY) || made >= (runs ?? Number.POSITIVE_INFINITY))

/** All runs, until one is not as expected (unless it is to keep going) or cannot be made. */
export async function runAll({ site, drill, options }: Runner, faults: readonly Fault[]): Promise<Made> {
  const results: RunResult[] = []
  const skipped: Skipped[] = []
  const began = performance.now()
  for (const { fault, run, delayMs } of plansOf(faults, options)) {
    if (isOver(options, performance.now() - began, results.length + skipped.length)) break
    const name = `${String(results.length + 1).padStart(3, '0')}-${fault.name}.ledger`
    try {
      await wait(delayMs, undefined, { signal: drill.signal })
      results.push({ ...(await runDrill(site, fault, drill, name)), run })
    } catch (error) {
      const why = notHere(error)
      // What earlier runs found is not lost with this one.
      if (why === undefined) return { results, skipped, stopped: error }
      drill.say(`${fault.name}: left out: ${why}`)
      if (!skipped.some(({ scenario }) => scenario === fault.name))
        skipped.push({ scenario: fault.name, why })
      continue
    }
    const { passed, checks } = results.at(-1) ?? { passed: false, checks: [] }
    const failed = checks.filter(({ ok }) => !ok).map(({ what, seen }) => `${what}: ${seen ?? 'no'}`)
    drill.say(`${fault.name}: ${passed ? 'as expected' : failed.join('; ')}`)
    if (!passed && options.keepGoing !== true) break
  }
  return { results, skipped }
}
