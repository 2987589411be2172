import { EXIT, HactlError, problem, type Diagnostic } from '../diag/diagnostic.ts'
import type { HostState, RunOptions } from './context.ts'
import { endsSession } from './conditions.ts'
import type { Evaluation, Wanted } from './evaluate.ts'
import type { CommandResult } from '../transport/transport.ts'
import type { RunSummary, TaskResult } from './events.ts'
import { describeStep } from './execute.ts'
import { worse, type Impact } from './impact.ts'
import type { Slow } from './patience.ts'
import { taskRef, type Instance } from './tasks.ts'

type Counts = { -readonly [K in TaskResult['status']]: number }

/** Turns what happens into events and counts it. The only place that decides what a result means for its host. */
export class Recorder {
  readonly #options: RunOptions
  readonly #counts: Counts = { ok: 0, changed: 0, unknown: 0, skipped: 0, failed: 0, unreachable: 0 }
  #impact: Impact = 'none'
  #refused = false
  #interrupted = false

  constructor(options: RunOptions) {
    this.#options = options
  }

  started(instance: Instance, state: HostState, label: string): void {
    this.#options.emit({ kind: 'task-start', task: taskRef(instance, state.name, label) })
  }

  /** What an action waits for, in words. */
  waiting(instance: Instance, state: HostState, label: string, words: string, slow: Slow | undefined): void {
    const task = taskRef(instance, state.name, label)
    this.#options.emit({ kind: 'task-wait', task, seen: this.#options.mask(words), ...(slow && { slow }) })
  }

  settled(instance: Instance, state: HostState, evaluation: Evaluation & { kind: 'ok' | 'skip' }): void {
    const value: TaskResult =
      evaluation.kind === 'ok' ? { status: 'ok' } : { status: 'skipped', because: evaluation.because }
    this.#result(instance, state.name, evaluation.label, value)
    if (evaluation.kind === 'ok' && evaluation.says !== undefined) {
      const text = this.#options.mask(evaluation.says)
      this.#options.emit({ kind: 'notice', level: 'info', host: state.name, text })
    }
  }

  unknown(instance: Instance, state: HostState, evaluation: Evaluation & { kind: 'unknown' }): void {
    const value = { status: 'unknown', because: evaluation.because, impact: 'none' } as const
    this.#result(instance, state.name, evaluation.label, value)
  }

  planned(instance: Instance, state: HostState, wanted: Wanted): void {
    this.changed(instance, state, wanted, 0)
  }

  changed(instance: Instance, state: HostState, wanted: Wanted, ms: number): void {
    this.#impact = worse(this.#impact, wanted.impact)
    const value = { status: 'changed', changes: wanted.changes, impact: wanted.impact } as const
    this.#result(instance, state.name, wanted.label, value, ms)
  }

  /** What the steps printed: with -v what they printed, with -vv the commands too. */
  output(instance: Instance, state: HostState, wanted: Wanted, results: readonly CommandResult[]): void {
    const { verbose, mask, emit } = this.#options
    if (verbose === 0) return
    const steps = wanted.steps.filter((step) => step.kind !== 'upload')
    results.forEach((result, index) => {
      const step = steps[index]
      const text = mask(`${result.stdout}${result.stderr}`.trimEnd())
      if (!step || (text === '' && verbose < 2)) return
      const task = taskRef(instance, state.name, wanted.label)
      emit({ kind: 'output', task, command: mask(describeStep(step)), text })
    })
  }

  /** A task failed: the host stops, unless the task or its block says how to go on. */
  failed(instance: Instance, state: HostState, label: string, error: Diagnostic, ms = 0): void {
    this.#refused ||= error.refuses === true
    const caught = error.refuses === true ? stop(state) : catchFailure(instance, state)
    const cleaned = this.#clean(error)
    if (caught === undefined) {
      this.#result(instance, state.name, label, { status: 'failed', error: cleaned }, ms)
      return
    }
    const because = `failed, ${caught}: ${cleaned.summary}`
    this.#result(instance, state.name, label, { status: 'skipped', because }, ms)
    const text = `${instance.task.name}: ${because}`
    this.#options.emit({ kind: 'notice', level: 'warning', host: state.name, text })
    const { summary: msg, detail = '' } = cleaned
    const value = {
      changed: false,
      failed: true,
      status: 'failed',
      rc: null,
      stdout: '',
      stderr: detail,
      msg,
    }
    this.register(instance, state, value)
  }

  /** The session of the task's host failed. */
  broken(instance: Instance, state: HostState, error: HactlError): void {
    const first = error.diagnostics[0] ?? problem('ssh/lost', error.message)
    this.#stop(state, error)
    const value = { status: 'unreachable', error: this.#clean(first) } as const
    this.#result(instance, state.name, instance.task.module, value)
  }

  skipped(instance: Instance, host: string, because: string): void {
    this.#result(instance, host, instance.task.module, { status: 'skipped', because })
  }

  /** A host stops outside any task. */
  hostFailed(state: HostState, error: HactlError): void {
    const first = error.diagnostics[0] ?? problem('engine/failed', error.message)
    if (endsSession(error)) this.#stop(state, error)
    else state.stopped = 'failed'
    if (state.stopped !== 'interrupted')
      this.#counts[state.stopped === 'failed' ? 'failed' : 'unreachable'] += 1
    const kind = state.stopped === 'failed' ? 'host-failed' : 'host-unreachable'
    this.#options.emit({ kind, host: state.name, error: this.#clean(first) })
  }

  hostUnreachable(host: string, error: Diagnostic): void {
    this.#counts.unreachable += 1
    this.#options.emit({ kind: 'host-unreachable', host, error: this.#clean(error) })
  }

  register(instance: Instance, state: HostState, value: Readonly<Record<string, unknown>>): void {
    const name = instance.task.register
    if (name === undefined) return
    const result = instance.turn ? collect(state, name, instance.turn, value) : value
    if (result !== undefined) state.registered = { ...state.registered, [name]: result }
  }

  summary(ms: number, roundTrips: Readonly<Record<string, number>>): RunSummary {
    const interrupted = this.#interrupted || this.#options.soft?.aborted === true
    const outcome = outcomeOf(this.#counts, this.#refused, interrupted)
    return { outcome, ...this.#counts, impact: this.#impact, ms, roundTrips }
  }

  #stop(state: HostState, error: HactlError): void {
    const interrupted = error.exit === EXIT.interrupted
    this.#interrupted ||= interrupted
    state.stopped = interrupted ? 'interrupted' : 'unreachable'
  }

  #result(instance: Instance, host: string, label: string, result: TaskResult, ms = 0): void {
    this.#counts[result.status] += 1
    this.#options.emit({ kind: 'task-result', task: taskRef(instance, host, label), result, ms })
  }

  #clean(error: Diagnostic): Diagnostic {
    const { mask } = this.#options
    const detail = error.detail === undefined ? {} : { detail: mask(error.detail) }
    return { ...error, summary: mask(error.summary), ...detail }
  }
}

type Result = Readonly<Record<string, unknown>>

/** The results of a loop; undefined until its last round is done. */
function collect(
  state: HostState,
  name: string,
  { item, index, of }: NonNullable<Instance['turn']>,
  value: Result,
): Result | undefined {
  const found = state.collected.get(name) ?? new Map<number, Result>()
  state.collected.set(name, found)
  if (of > 0) found.set(index, { ...value, item })
  if (found.size < of) return undefined
  state.collected.delete(name)
  const results = [...found].toSorted(([a], [b]) => a - b).map(([, each]) => each)
  const changed = results.some((each) => each['changed'] === true)
  const failed = results.some((each) => each['failed'] === true)
  return { changed, failed, status: changed ? 'changed' : 'ok', results }
}

function stop(state: HostState): undefined {
  state.stopped = 'failed'
}

/** What keeps the host going after a failed task, in words; undefined: nothing, it is stopped. */
function catchFailure({ task }: Instance, state: HostState): string | undefined {
  if (task.ignoreErrors) return 'and that is ignored'
  for (let part = task.part; part !== undefined; part = part.outer) {
    if (part.part === 'always') continue
    state.broken.add(`${part.part} ${part.id}`)
    if (part.part === 'block' && part.rescued) return 'its block is rescued'
  }
  return stop(state)
}

function outcomeOf(counts: Counts, refused: boolean, interrupted: boolean): RunSummary['outcome'] {
  if (interrupted) return 'interrupted'
  if (refused) return 'refused'
  if (counts.failed > 0) return 'failed'
  return counts.unreachable > 0 ? 'unreachable' : 'done'
}
