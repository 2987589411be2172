import { HactlError } from '../diag/diagnostic.ts'
import { isOpen, itemsOf, nextBatch, sessionOf, type Foresee, type Run } from './batch.ts'
import type { HostState } from './context.ts'
import { evaluate } from './evaluate.ts'
import { flush } from './flush.ts'
import { report } from './plan.ts'
import type { BlockPart, Task } from './playbook.ts'
import { expand, type Instance, type PlayFrame } from './tasks.ts'

/**
 * Takes one host through tasks in their order. Everything that can be read is read at once; changes that do not
 * touch what others were read from travel together; after a change only what it may have touched is read again.
 */
export async function walk(
  run: Run,
  state: HostState,
  frame: PlayFrame,
  tasks: readonly Task[],
  handler: boolean,
): Promise<void> {
  const done = new Set<string>()
  const remaining = (): readonly Instance[] =>
    expand(run.options, state, frame, tasks, handler).filter(
      (instance) => !done.has(instance.id) && isDue(state, instance.task.part),
    )
  try {
    await carryOut(run, state, remaining, done)
    // The always of a block that nobody rescued runs before its host stops.
    if (state.stopped === 'failed') {
      const cleaning = (): readonly Instance[] => remaining().filter(({ task }) => cleansUp(state, task.part))
      state.stopped = undefined
      await carryOut(run, state, cleaning, done)
      state.stopped ??= 'failed'
    }
    if (state.stopped === undefined) return
    for (const instance of remaining())
      run.record.skipped(instance, state.name, `${state.name} stopped before it`)
  } catch (error) {
    stopWith(run, state, error)
  }
}

async function carryOut(
  run: Run,
  state: HostState,
  remaining: () => readonly Instance[],
  done: Set<string>,
): Promise<void> {
  let queue = remaining()
  while (queue.length > 0 && state.stopped === undefined) {
    if (run.halted || run.options.soft?.aborted) {
      state.stopped = 'interrupted'
      return
    }
    await readAll(run, state, queue)
    const items = itemsOf(run, queue)
    const finished =
      run.mode === 'plan'
        ? report(run, state, items)
        : await flush(run, state, await nextBatch(items, foresee(run, state)), queue)
    for (const id of finished) done.add(id)
    queue = remaining()
  }
}

/** Whether a task has its turn, as far as the blocks around it decide. */
function isDue(state: HostState, own: BlockPart | undefined): boolean {
  if (cleansUp(state, own)) return true
  for (let part = own; part !== undefined; part = part.outer) {
    const failed = state.broken.has(`block ${part.id}`)
    if (part.part === 'block' && failed) return false
    if (part.part === 'rescue' && (!failed || state.broken.has(`rescue ${part.id}`))) return false
  }
  return true
}

/** Part of the always of a block in which something failed. */
const cleansUp = (state: HostState, part: BlockPart | undefined): boolean =>
  part?.part === 'always' && ['block', 'rescue'].some((name) => state.broken.has(`${name} ${part.id}`))

const foresee =
  (run: Run, state: HostState): Foresee =>
  (instance, foretold) =>
    evaluate(run.options, state, sessionOf(run, instance) ?? state.session, instance, foretold)

/** An error outside any task (an undefined variable in a loop, a lost session) ends the host, not the run. */
function stopWith(run: Run, state: HostState, error: unknown): void {
  if (!(error instanceof HactlError)) throw error
  run.record.hostFailed(state, error)
}

const needsReading = (run: Run, instance: Instance): boolean => {
  const known = run.ahead.get(instance.id)
  return known === undefined || !known.view.fresh() || ['unknown', 'failed'].includes(known.evaluation.kind)
}

/**
 * Reads in one tick the tasks that are not known or out of date, up to the next one that will change anything: what
 * comes behind that would have to be read again.
 */
export async function readAll(run: Run, state: HostState, queue: readonly Instance[]): Promise<void> {
  const due: Instance[] = []
  for (const instance of queue) {
    if (needsReading(run, instance)) due.push(instance)
    if (willChangeAnything(run, instance)) break
  }
  await Promise.all(
    due.map(async (instance) => {
      const session = sessionOf(run, instance)
      if (!session) return
      run.ahead.set(instance.id, await evaluate(run.options, state, session, instance))
    }),
  )
}

const willChangeAnything = (run: Run, instance: Instance): boolean => {
  const evaluation = run.ahead.get(instance.id)?.evaluation
  return run.mode === 'apply' && evaluation?.kind === 'change' && isOpen(evaluation)
}
