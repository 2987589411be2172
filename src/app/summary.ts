import { EXIT, HactlError, type ExitCode } from '../diag/diagnostic.ts'
import type { RunSummary } from '../engine/events.ts'
import type { Standing } from './standing.ts'

/** The summary of a run in which no task was counted. */
export const emptySummary = (
  outcome: RunSummary['outcome'],
  more: Partial<Omit<RunSummary, 'outcome'>> = {},
): RunSummary => ({
  outcome,
  ok: 0,
  changed: 0,
  unknown: 0,
  skipped: 0,
  failed: 0,
  unreachable: 0,
  impact: 'none',
  ms: 0,
  roundTrips: {},
  ...more,
})

/** The summary of a run that did not get as far as its first task. */
export const stoppedBy = ({ exit }: HactlError): RunSummary =>
  emptySummary(exit === EXIT.refused ? 'refused' : exit === EXIT.interrupted ? 'interrupted' : 'failed')

/** What is known behind a run beside its summary. */
interface Behind {
  /** Changes that a second plan found. */
  readonly pending?: number
  readonly standing?: Standing
}

/** The exit code of an apply: it is no success where something is left to do, or the cluster does not work. */
export function endOf(summary: RunSummary, { pending = 0, standing }: Behind): ExitCode {
  const isIll = pending > 0 || (standing !== undefined && standing.health !== 'healthy')
  const code = exitOf(summary)
  return isIll && code === EXIT.done ? EXIT.failed : code
}

/** The exit code of a run. */
export function exitOf(summary: RunSummary): ExitCode {
  switch (summary.outcome) {
    case 'done':
      return EXIT.done
    case 'failed':
      return EXIT.failed
    case 'unreachable':
      return EXIT.unreachable
    case 'refused':
      return EXIT.refused
    case 'interrupted':
      return EXIT.interrupted
  }
}
