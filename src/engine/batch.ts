import { problem, type Diagnostic } from '../diag/diagnostic.ts'
import type { HostState, Mode, RunOptions, Session } from './context.ts'
import type { Evaluated, Evaluation, Wanted } from './evaluate.ts'
import type { Play } from './playbook.ts'
import type { Resource } from './probe.ts'
import { readingId, type Foretold } from './prober.ts'
import type { Recorder } from './recorder.ts'
import { anyTouches } from './resource.ts'
import type { Instance } from './tasks.ts'

/** What all hosts of a run share. */
export interface Run {
  readonly options: RunOptions
  readonly mode: Mode
  readonly record: Recorder
  readonly states: ReadonlyMap<string, HostState>
  readonly lastPlay: Play | undefined
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

const noSession = (instance: Instance): Evaluated => ({
  evaluation: {
    kind: 'failed',
    label: instance.task.module,
    error: problem('engine/no-session', `${instance.target} cannot be reached`, { at: instance.task.source }),
  },
  view: {
    probe: undefined as never,
    used: new Set(),
    host: instance.target,
    fresh: () => true,
    remember: () => undefined,
  },
})

/** The tasks of a queue with what was read of them. */
export const itemsOf = (run: Run, queue: readonly Instance[]): readonly Item[] =>
  queue.map((instance) => ({ instance, evaluated: run.ahead.get(instance.id) ?? noSession(instance) }))

/** Reads a task once more as it will be after the changes in front of it. Sends nothing that is not sent already. */
export type Foresee = (instance: Instance, foretold: Foretold) => Promise<Evaluated>

/** What the changes of a batch touch, and what they make of the answers. */
interface Ahead {
  readonly touched: Resource[]
  readonly foretold: Map<string, { readonly after: (before: unknown) => unknown; readonly of: Resource[] }>
}

/** The answers a task used that will be wrong, and that no prediction covers. */
const isOutdated = ({ touched, foretold }: Ahead, { view }: Evaluated, covered: boolean): boolean =>
  [...view.used].some((entry) => anyTouches(touched, entry.resources) && !(covered && foretold.has(entry.id)))

function advance({ touched, foretold }: Ahead, wanted: Wanted): void {
  const own = wanted.touched ?? []
  touched.push(...own)
  const before = new Map(foretold)
  for (const [id, { of }] of foretold) if (anyTouches(own, of)) foretold.delete(id)
  for (const { reading, key, after } of wanted.predictions) {
    const id = readingId(reading, key)
    const earlier = before.get(id)?.after
    const chained = earlier ? (value: unknown) => after(earlier(value)) : after
    foretold.set(id, { after: chained, of: [reading.resource(key)].flat() })
  }
}

/** The item as it is behind the batch so far; undefined when that is not known before the batch has been sent. */
async function behind(ahead: Ahead, item: Item, foresee: Foresee): Promise<Item | undefined> {
  if (!item.evaluated.view.fresh()) return undefined
  if (!isOutdated(ahead, item.evaluated, false)) return item
  if (isOutdated(ahead, item.evaluated, true)) return undefined
  const foretold = new Map([...ahead.foretold].map(([id, { after }]) => [id, after] as const))
  const evaluated = await foresee(item.instance, foretold)
  const later = { instance: item.instance, evaluated }
  return isOutdated(ahead, evaluated, true) || isStuck(later) ? undefined : later
}

/**
 * The longest run of tasks whose readings stay true while they are carried out, or are known to change to what: it
 * ends before a task that an earlier one of it may have touched otherwise, and after one that may touch anything. A
 * stuck task comes alone or last behind tasks that change nothing.
 */
export async function nextBatch(items: readonly Item[], foresee: Foresee): Promise<readonly Item[]> {
  const batch: Item[] = []
  const ahead: Ahead = { touched: [], foretold: new Map() }
  let changes = false
  for (const next of items) {
    const item = await behind(ahead, next, foresee)
    if (!item || (changes && travelsAlone(item, batch[0]))) return batch
    batch.push(item)
    const { evaluation } = item.evaluated
    if (isStuck(item)) return batch
    if (!isChange(evaluation)) {
      // What stands behind it is read with what it registers.
      if (item.instance.task.register !== undefined) return batch
      continue
    }
    changes = true
    // What may be tried again must not have anything waiting behind it.
    if (isOpen(evaluation) || item.instance.task.retryMs !== undefined) return batch
    advance(ahead, evaluation)
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
