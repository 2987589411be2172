import { problem, type Diagnostic } from '../diag/diagnostic.ts'
import type { Path } from '../schema/yaml.ts'
import type { CommandResult } from '../transport/transport.ts'
import { notReady, sessionOf, type Item, type Run } from './batch.ts'
import type { HostState, Session } from './context.ts'
import { reasonAgainst } from './conditions.ts'
import { evaluate, type Evaluated, type Wanted } from './evaluate.ts'
import type { Change } from './events.ts'
import { describeStep } from './execute.ts'
import { happened, pause } from './happened.ts'
import type { Step } from './step.ts'
import type { Instance } from './tasks.ts'
import type { Predicate } from './when.ts'

/** A changed task and what its steps answered. */
export interface Sent extends Item {
  readonly wanted: Wanted
  readonly results: readonly CommandResult[]
}

/** The place of the first step that failed; -1 when none did. */
export const failedStep = ({ wanted, results }: Sent): number =>
  results.findIndex((result, index) => !succeeded(wanted.steps[index], result))

/** Decides whether one task reached its state; false when it did not, whatever that means for its host. */
export async function conclude(run: Run, state: HostState, sent: Sent): Promise<boolean> {
  const { instance, wanted, results } = sent
  const started = performance.now()
  const spent = (): number => Math.round(performance.now() - started)
  const error = (await stepsError(run, sent)) ?? (await stateError(run, state, sent))
  if (error) {
    run.record.failed(instance, state, wanted.label, error, spent())
    return false
  }
  state.changed = true
  run.record.changed(instance, state, wanted, spent())
  for (const name of instance.task.notify) state.notified.add(name)
  run.record.register(instance, state, { ...resultOf(results), changed: true, status: 'changed' })
  return true
}

const resultOf = (results: readonly CommandResult[]) => {
  const { code, stdout, stderr } = results.at(-1) ?? { code: 0, stdout: '', stderr: '' }
  return { failed: false, skipped: false, rc: code, stdout, stderr }
}

const stateError = (run: Run, state: HostState, sent: Sent): Promise<Diagnostic | undefined> =>
  sent.wanted.action ? happened(run, state, sent) : converged(run, state, sent)

/** Why the steps count as failed: by their exit codes, or by the task's `failed_when`. */
async function stepsError(run: Run, sent: Sent): Promise<Diagnostic | undefined> {
  const { instance, wanted, results } = sent
  const bad = failedStep(sent)
  const result = results[bad]
  const failed = result && stepFailed(instance, wanted.steps[bad], result)
  const { failedWhen } = instance.task
  if (failedWhen === undefined || result?.timedOut || result?.notRun) return failed
  const last = resultOf(bad >= 0 ? results.slice(0, bad + 1) : results)
  if (!(await holdsAfter(run, sent, failedWhen, last))) return undefined
  const detail = last.stderr.trim() || last.stdout.trim()
  const at = instance.task.whereKey(['failed_when'])
  const more = { at, ...(detail !== '' && { detail }) }
  return failed ?? problem('task/failed-when', 'the condition of failed_when holds', more)
}

/** Whether a condition on the result of a task holds; it sees it as `result` and under the name it registers. */
async function holdsAfter(
  run: Run,
  { instance }: Sent,
  predicate: Predicate,
  result: ReturnType<typeof resultOf>,
): Promise<boolean> {
  const { register } = instance.task
  const own = register === undefined ? {} : { [register]: result }
  const scope = { ...instance.scope, ...own, result }
  const { probe } = (sessionOf(run, instance) as Session).prober
  const at = (path: Path) => instance.task.whereKey(['failed_when', ...path])
  const behind = { ...instance, scope, pending: new Set<string>() }
  return (await reasonAgainst(run.options, behind, predicate, probe, at)) === undefined
}

const succeeded = (step: Step | undefined, result: CommandResult): boolean =>
  !result.notRun && ((step?.kind === 'run' && step.okCodes) || [0]).includes(result.code)

function stepFailed(instance: Instance, step: Step | undefined, result: CommandResult): Diagnostic {
  const reason = result.timedOut ? 'did not finish in time' : `exit code ${result.code}`
  const detail = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-8).join('\n')
  const code = result.timedOut ? 'task/timeout' : 'task/command-failed'
  return problem(code, `${commandWords(step, instance)}${reason}`, {
    at: instance.task.source,
    ...(detail !== '' && { detail }),
    ...hintFor(detail),
  })
}

const SHELLS = /^(?:.*\/)?(?:ba|da)?sh$/

/** What failed, as a person would type it; a shell's program is shown with -vv only. */
function commandWords(step: Step | undefined, { task }: Instance): string {
  if (step?.kind === 'run' && SHELLS.test(step.argv[0] ?? '') && step.argv[1] === '-c') return ''
  return `${step ? describeStep(step) : task.module}: `
}

function hintFor(detail: string): { readonly hint?: string } {
  if (/No space left on device|Disk quota exceeded/.test(detail))
    return { hint: 'the disk is full: free some space (df -h), then run the same command again' }
  return detail === '' ? { hint: 'it printed nothing; the same command with -vv shows what is run' } : {}
}

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
