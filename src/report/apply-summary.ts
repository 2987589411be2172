import type { EngineEvent, RunSummary } from '../engine/events.ts'
import { formatDuration } from '../lib/duration.ts'
import { failureLines } from './failure.ts'
import type { FailureOptions } from './failure.ts'
import { collect } from './model.ts'
import type { RunModel } from './model.ts'
import { count, fold, wrap } from './words.ts'

export interface ApplySummaryOptions extends FailureOptions {
  /** The command that goes on after a failure. */
  readonly command: string
  /** What the proof after the change found: changes still pending; undefined: not made. */
  readonly pending?: number
  /** Facts worth a line, e.g. `writes paused 1.8 s while pg1 restarted`. */
  readonly remarks?: readonly string[]
}

function verdictWords(summary: RunSummary, options: ApplySummaryOptions): string[] {
  const { changed, ok, failed, unreachable } = summary
  const counts = [
    `${changed} changed`,
    `${ok} in place`,
    `${failed} failed`,
    ...(unreachable > 0 ? [`${count(unreachable, 'host')} unreachable`] : []),
  ]
  const proof = options.pending === 0 ? 'second plan empty' : `second plan: ${options.pending} pending`
  return [counts.join(', '), ...(options.pending === undefined ? [] : [proof])]
}

const OUTCOME: Readonly<Record<RunSummary['outcome'], string | undefined>> = {
  done: undefined,
  failed: undefined,
  unreachable: undefined,
  refused: 'refused',
  interrupted: 'interrupted',
}

function verdict(model: RunModel, options: ApplySummaryOptions): string[] {
  const { summary, start } = model
  if (summary === undefined) return [`${options.paint('red', '✗')} the run did not end`]
  const good = summary.outcome === 'done' && (options.pending ?? 0) === 0
  const outcome = OUTCOME[summary.outcome]
  const words = [
    ...(outcome === undefined ? [] : [outcome]),
    ...verdictWords(summary, options),
    formatDuration(summary.ms),
    ...(start ? [`run ${start.run}`] : []),
  ]
  return wrap(words, ' · ', options.width - 2).map((line, at) => {
    if (at > 0) return `  ${line}`
    return `${options.paint(good ? 'green' : 'red', good ? '✔' : '✗')} ${line}`
  })
}

/** How to go on after a run that did not end well. */
function next(model: RunModel, options: ApplySummaryOptions): string[] {
  const outcome = model.summary?.outcome
  if (outcome === 'done' || outcome === undefined) return []
  const run = model.start ? `   (continues run ${model.start.run})` : ''
  const verb = outcome === 'interrupted' ? 'Go on with' : 'When that is mended'
  return [`  ${verb}: ${options.command}${run}`]
}

/** The last lines of an apply: failures first, then the verdict, then what to do. */
export function applySummary(events: Iterable<EngineEvent>, options: ApplySummaryOptions): string {
  const model = collect(events)
  const failures = failureLines(model, options)
  return [
    ...failures,
    ...verdict(model, options),
    ...(options.remarks ?? []).flatMap((line) => fold(line, options.width - 2)).map((line) => `  ${line}`),
    ...next(model, options),
    '',
  ].join('\n')
}
