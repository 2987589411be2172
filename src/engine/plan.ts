import { notReady, type Item, type Run } from './batch.ts'
import type { HostState } from './context.ts'
import type { Evaluation, Wanted } from './evaluate.ts'
import { isKnownNow, unchanged } from './flush.ts'
import type { Instance } from './tasks.ts'

/** Plan: says what each task would do. Nothing is sent. */
export function report(run: Run, state: HostState, batch: readonly Item[]): readonly string[] {
  const done: string[] = []
  for (const { instance, evaluated } of batch) {
    const { evaluation } = evaluated
    // What it waited for is there by now: it is evaluated again, as in an apply.
    if (evaluation.kind === 'unknown' && isKnownNow(state, instance)) return done
    done.push(instance.id)
    if (instance.task.inPlan) reportOne(run, state, instance, evaluation)
    else {
      run.record.skipped(instance, state.name, 'not part of a plan')
      // Not shown, but done before what follows: a server that is started for the time of a deploy.
      state.changed ||= evaluation.kind === 'change'
    }
  }
  return done
}

function reportOne(run: Run, state: HostState, instance: Instance, evaluation: Evaluation): void {
  switch (evaluation.kind) {
    case 'ok':
    case 'skip':
      run.record.settled(instance, state, evaluation)
      return run.record.register(instance, state, unchanged(evaluation))
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
  const { register } = instance.task
  if (register !== undefined) state.partial = new Set([...state.partial, register])
  run.record.register(instance, state, { changed: true, failed: false, skipped: false, status: 'changed' })
}
