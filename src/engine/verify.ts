import { problem, type Diagnostic } from '../diag/diagnostic.ts'
import type { CommandResult } from '../transport/transport.ts'
import { notReady, sessionOf, type Item, type Run } from './batch.ts'
import type { HostState, Session } from './context.ts'
import { evaluate, type Evaluated, type Wanted } from './evaluate.ts'
import type { Change } from './events.ts'
import { describeStep } from './execute.ts'
import { happened, pause } from './happened.ts'
import type { RunStep, Step } from './step.ts'
import type { Instance } from './tasks.ts'

/** A changed task and what its steps answered. */
export interface Sent extends Item {
  readonly wanted: Wanted
  readonly results: readonly CommandResult[]
}

/** The place of the first step that failed; -1 when none did. */
export const failedStep = ({ wanted, results }: Sent): number =>
  results.findIndex((result, index) => !succeeded(wanted.steps[index], result))

/** Decides whether one task reached its state. */
export async function conclude(run: Run, state: HostState, sent: Sent): Promise<void> {
  const { instance, wanted, results } = sent
  const started = performance.now()
  const spent = (): number => Math.round(performance.now() - started)
  const bad = failedStep(sent)
  if (bad >= 0) {
    const step = wanted.steps[bad]
    const error = stepFailed(instance, step, results[bad] as CommandResult)
    return run.record.failed(instance, state, wanted.label, error, spent())
  }
  const error = wanted.action ? await happened(run, state, sent) : await converged(run, state, sent)
  if (error) return run.record.failed(instance, state, wanted.label, error, spent())
  state.changed = true
  run.record.changed(instance, state, wanted, spent())
  for (const name of instance.task.notify) state.notified.add(name)
  const { code, stdout, stderr } = results.at(-1) ?? { code: 0, stdout: '', stderr: '' }
  run.record.register(instance, state, { changed: true, status: 'changed', rc: code, stdout, stderr })
}

const succeeded = (step: Step | undefined, result: CommandResult): boolean =>
  !result.notRun && ((step?.kind === 'run' && step.okCodes) || [0]).includes(result.code)

function stepFailed(instance: Instance, step: Step | undefined, result: CommandResult): Diagnostic {
  const what = step ? describeStep(step) : instance.task.module
  const reason = result.timedOut ? 'did not finish in time' : `exit code ${result.code}`
  const detail = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-8).join('\n')
  const code = result.timedOut ? 'task/timeout' : 'task/command-failed'
  return problem(code, `${reason}: ${what}`, {
    at: instance.task.source,
    ...(detail !== '' && { detail }),
    ...hintFor(step as RunStep | undefined, detail),
  })
}

const hintFor = (_step: RunStep | undefined, detail: string): { readonly hint?: string } =>
  /No space left on device|Disk quota exceeded/.test(detail)
    ? { hint: 'the disk is full: free some space (df -h), then run the same command again' }
    : {}

/** Evaluates a task again; `fresh`: with nothing that was read before. */
export const reread = async (
  run: Run,
  state: HostState,
  instance: Instance,
  fresh: boolean,
): Promise<Evaluated> => {
  const session = sessionOf(run, instance) as Session
  if (fresh) session.prober.invalidate(undefined)
  const evaluated = await evaluate(run.options, state, session, instance)
  run.ahead.set(instance.id, evaluated)
  return evaluated
}

/** A module: read again, nothing may differ. */
async function converged(run: Run, state: HostState, { instance }: Sent): Promise<Diagnostic | undefined> {
  const deadline = performance.now() + (instance.task.retryMs ?? 0) * (run.options.patience ?? 1)
  let { evaluation } = await reread(run, state, instance, false)
  while (
    evaluation.kind !== 'ok' &&
    evaluation.kind !== 'skip' &&
    (await pause(deadline, run.options.hard))
  ) {
    evaluation = (await reread(run, state, instance, true)).evaluation
  }
  switch (evaluation.kind) {
    case 'ok':
    case 'skip':
      return undefined
    case 'change':
      return notConverged(instance, evaluation.changes)
    case 'unknown':
      return notReady(instance, evaluation.because)
    case 'failed':
      return evaluation.error
    case 'broken':
      throw evaluation.error
  }
}

const notConverged = (instance: Instance, changes: readonly Change[]): Diagnostic =>
  problem('task/not-converged', 'the steps succeeded, but the state is still not what was wanted', {
    at: instance.task.source,
    detail: changes.map(({ field, from, to }) => `${field}: ${show(from)}, wanted ${show(to)}`).join('\n'),
    hint: 'something else on the host changes it back, or the value is not possible there',
  })

const show = (value: unknown): string =>
  value === undefined ? 'absent' : (JSON.stringify(value) ?? 'absent')
