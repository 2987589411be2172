import { problem, type Diagnostic } from '../diag/diagnostic.ts'
import type { HostState, Mode, RunOptions, Session } from './context.ts'
import type { Evaluated, Evaluation, Wanted } from './evaluate.ts'
import type { Resource } from './probe.ts'
import type { Recorder } from './recorder.ts'
import { anyTouches } from './resource.ts'
import type { Instance } from './tasks.ts'

/** What all hosts of a run share. */
export interface Run {
  readonly options: RunOptions
  readonly mode: Mode
  readonly record: Recorder
  readonly states: ReadonlyMap<string, HostState>
  /** Evaluations read ahead of time, by instance id. */
  readonly ahead: Map<string, Evaluated>
  /** A host failed in a play that does not go on after that, or the user wants to stop. */
  halted: boolean
}

/** A task with what is known of it, on its way to the host. */
export interface Item {
  readonly instance: Instance
  readonly evaluated: Evaluated
}

export const sessionOf = (run: Run, instance: Instance): Session | undefined =>
  run.options.sessions.get(instance.target)

export const isChange = (evaluation: Evaluation): evaluation is Wanted => evaluation.kind === 'change'

/** A task that cannot go on by itself: unreadable, refused, or its host is gone. */
export const isStuck = ({ evaluated }: Item): boolean =>
  ['unknown', 'failed', 'broken'].includes(evaluated.evaluation.kind)

/** May touch anything, waits, or streams: travels as the last of its batch. */
export const isOpen = (wanted: Wanted): boolean =>
  wanted.action !== undefined || wanted.touched === undefined || streams(wanted)

/** Has a file too big for one message: travels alone. */
export const streams = (wanted: Wanted): boolean => wanted.steps.some((step) => step.kind === 'upload')

const isOutdated = (touched: readonly Resource[], { view }: Evaluated): boolean =>
  !view.fresh() || [...view.used].some((entry) => anyTouches(touched, entry.resources))

const noSession = (instance: Instance): Evaluated => ({
  evaluation: {
    kind: 'failed',
    label: instance.task.module,
    error: problem('engine/no-session', `${instance.target} cannot be reached`, { at: instance.task.source }),
  },
  view: { probe: undefined as never, used: new Set(), fresh: () => true },
})

/** The tasks of a queue with what was read of them. */
export const itemsOf = (run: Run, queue: readonly Instance[]): readonly Item[] =>
  queue.map((instance) => ({ instance, evaluated: run.ahead.get(instance.id) ?? noSession(instance) }))

/**
 * The longest run of tasks whose readings stay true while they are carried out: it ends before a task that an
 * earlier one of it may have touched, and after one that may touch anything. A stuck task comes alone or last
 * behind tasks that change nothing.
 */
export function nextBatch(items: readonly Item[]): readonly Item[] {
  const batch: Item[] = []
  const touched: Resource[] = []
  let changes = false
  for (const item of items) {
    if (isOutdated(touched, item.evaluated) || (changes && travelsAlone(item, batch[0]))) return batch
    batch.push(item)
    const { evaluation } = item.evaluated
    if (isStuck(item)) return batch
    if (!isChange(evaluation)) continue
    changes = true
    if (isOpen(evaluation)) return batch
    touched.push(...(evaluation.touched ?? []))
  }
  return batch
}

/** Cannot go behind changes that are already in the batch. */
const travelsAlone = (item: Item, first: Item | undefined): boolean => {
  const { evaluation } = item.evaluated
  return (
    isStuck(item) ||
    item.instance.target !== first?.instance.target ||
    (isChange(evaluation) && streams(evaluation))
  )
}

/** The diagnostic of a task that cannot be read although nothing before it has to change. */
export const notReady = (instance: Instance, because: string): Diagnostic =>
  problem('task/not-ready', `cannot be read: ${because}`, { at: instance.task.source })
