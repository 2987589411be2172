import type { Diagnostic } from '../diag/diagnostic.ts'
import type { EngineEvent, RunSummary, TaskRef, TaskResult } from '../engine/events.ts'

type Start = Extract<EngineEvent, { kind: 'run-start' }>
type Play = Extract<EngineEvent, { kind: 'play-start' }>
type Notice = Extract<EngineEvent, { kind: 'notice' }>

/** The end of one task on one host. */
export interface Outcome<R extends TaskResult = TaskResult> {
  readonly task: TaskRef
  readonly result: R
  readonly ms: number
}
export type Changed = Outcome<Extract<TaskResult, { status: 'changed' | 'unknown' }>>
export type Failed = Outcome<Extract<TaskResult, { status: 'failed' | 'unreachable' }>>

/** A whole run, gathered from its events; every report at the end of a run is made from this. */
export interface RunModel {
  readonly start?: Start
  /** What a runbook was given. */
  readonly params: Readonly<Record<string, string>>
  readonly plays: readonly Play[]
  readonly outcomes: readonly Outcome[]
  readonly unreachable: readonly { readonly host: string; readonly error: Diagnostic }[]
  readonly notices: readonly Notice[]
  readonly summary?: RunSummary
}

/** Gathers the events of one run. */
export function collect(events: Iterable<EngineEvent>): RunModel {
  const all = [...events]
  const of = <K extends EngineEvent['kind']>(kind: K): Extract<EngineEvent, { kind: K }>[] =>
    all.filter((event): event is Extract<EngineEvent, { kind: K }> => event.kind === kind)
  const [start] = of('run-start')
  const summary = of('run-end').at(-1)?.summary
  return {
    ...(start && { start }),
    params: of('run-params')[0]?.params ?? {},
    plays: of('play-start'),
    outcomes: of('task-result'),
    unreachable: [...of('host-unreachable'), ...of('host-failed')],
    notices: of('notice'),
    ...(summary && { summary }),
  }
}

/** Whether an outcome is a change that was made or is planned. */
export const isChange = (outcome: Outcome): outcome is Changed =>
  outcome.result.status === 'changed' || outcome.result.status === 'unknown'

/** Whether an outcome is a failure of the task or of its host. */
export const isFailure = (outcome: Outcome): outcome is Failed =>
  outcome.result.status === 'failed' || outcome.result.status === 'unreachable'
