import { notReady, type Item, type Run } from './batch.ts'
import type { HostState } from './context.ts'
import type { Evaluation, Wanted } from './evaluate.ts'
import type { Instance } from './tasks.ts'

/** Plan: says what each task would do. Nothing is sent. */
export function report(run: Run, state: HostState, batch: readonly Item[]): readonly string[] {
  const finished: string[] = []
  for (const { instance, evaluated } of batch) {
    const { evaluation } = evaluated
    finished.push(instance.id)
    if (instance.task.inPlan) reportOne(run, state, instance, evaluation)
    else {
      run.record.skipped(instance, state.name, 'not part of a plan')
      // Not shown, but done before what follows: a server that is started for the time of a deploy.
      state.changed ||= evaluation.kind === 'change'
    }
    // What stands behind it is read again with what it registered, as in an apply.
    if (evaluation.kind === 'ok' && instance.task.register !== undefined) break
  }
  return finished
}

function reportOne(run: Run, state: HostState, instance: Instance, evaluation: Evaluation): void {
  switch (evaluation.kind) {
    case 'ok':
      run.record.settled(instance, state, evaluation)
      return run.record.register(instance, state, { changed: false, status: 'ok', state: evaluation.state })
    case 'skip':
      return run.record.settled(instance, state, evaluation)
    case 'unknown':
      if (changedBefore(run)) return run.record.unknown(instance, state, evaluation)
      return run.record.failed(instance, state, evaluation.label, notReady(instance, evaluation.because))
    case 'failed':
      return run.record.failed(instance, state, evaluation.label, evaluation.error)
    case 'broken':
      return run.record.broken(instance, state, evaluation.error)
    case 'change':
      return planChange(run, state, instance, evaluation)
  }
}

const changedBefore = (run: Run): boolean => [...run.states.values()].some((state) => state.changed)

function planChange(run: Run, state: HostState, instance: Instance, wanted: Wanted): void {
  if (wanted.action && wanted.steps.length === 0 && changedBefore(run)) {
    return run.record.skipped(instance, state.name, 'waits during apply')
  }
  state.changed = true
  run.record.planned(instance, state, wanted)
  for (const name of instance.task.notify) state.notified.add(name)
  run.record.register(instance, state, { changed: true })
}
