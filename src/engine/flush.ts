import { problem, type Diagnostic } from '../diag/diagnostic.ts'
import { isStuck, notReady, sessionOf, type Item, type Run } from './batch.ts'
import type { HostState } from './context.ts'
import { evaluate, type Evaluation, type Wanted } from './evaluate.ts'
import { IMPACTS } from './impact.ts'
import { send } from './send.ts'
import type { Instance } from './tasks.ts'
import { pause } from './happened.ts'
import { conclude, failedStep, reread, type Sent } from './verify.ts'

/**
 * Carries a batch out on its host, reads again what it touched and checks that every task reached its state.
 * Returns the ids of the tasks that are finished; the host is stopped at the first that failed. Steps that fail are
 * sent again, when they still have to be, as long as the task's `retry` allows: what refused them may be over by then.
 */
export async function flush(
  run: Run,
  state: HostState,
  batch: readonly Item[],
  queue: readonly Instance[],
): Promise<readonly string[]> {
  const last = batch.at(-1)
  if (!last) throw new Error(`no progress at ${queue[0]?.id}`)
  if (isStuck(last)) {
    for (const item of batch.slice(0, -1)) settle(run, state, item)
    const settled = batch.slice(0, -1).map((item) => item.instance.id)
    return isKnownNow(state, last.instance) ? settled : [...settled, ...(await stuck(run, state, last))]
  }
  const refusal = firstRefusal(run, batch)
  if (refusal) {
    run.record.failed(refusal.item.instance, state, refusal.wanted.label, refusal.error)
    return [refusal.item.instance.id]
  }
  const finished: string[] = []
  const sent = await send(run, state, batch, queue)
  for (const item of batch) {
    const change = sent.find((each) => each.instance === item.instance)
    const went = change ? await conclude(run, state, await insisted(run, state, change)) : true
    if (!change) settle(run, state, item)
    finished.push(item.instance.id)
    // What stood behind a failure in the batch was not sent, also when the failure stops nothing.
    if (state.stopped !== undefined || !went) break
  }
  return finished
}

/** Sends failed steps again, read anew, while they fail, are still wanted and not more than was agreed to. */
async function insisted(run: Run, state: HostState, sent: Sent): Promise<Sent> {
  const { instance } = sent
  const deadline = performance.now() + (instance.task.retryMs ?? 0)
  let last = sent
  while (failedStep(last) >= 0 && !run.options.soft?.aborted && (await pause(deadline, run.options.hard))) {
    const evaluated = await reread(run, state, instance, true)
    const { evaluation } = evaluated
    if (evaluation.kind === 'ok' || evaluation.kind === 'skip') return { ...last, results: [] }
    if (evaluation.kind !== 'change' || overImpact(run, evaluation)) continue
    last = (await send(run, state, [{ instance, evaluated }], [instance]))[0] ?? last
  }
  return last
}

const settle = (run: Run, state: HostState, { instance, evaluated }: Item): void => {
  const { evaluation } = evaluated
  if (evaluation.kind !== 'ok' && evaluation.kind !== 'skip') return
  run.record.settled(instance, state, evaluation)
  run.record.register(instance, state, unchanged(evaluation))
}

/** Whether a result that an instance waited for is there by now: it is to be evaluated again. */
export const isKnownNow = (state: HostState, { pending }: Instance): boolean =>
  [...pending].some((name) => Object.hasOwn(state.registered, name) && !state.partial.has(name))

/** The result of a task that had nothing to do. */
export const unchanged = (evaluation: Evaluation & { kind: 'ok' | 'skip' }) => ({
  changed: false,
  failed: false,
  skipped: evaluation.kind === 'skip',
  status: evaluation.kind,
  rc: evaluation.kind === 'ok' ? 0 : null,
  stdout: '',
  stderr: '',
  state: evaluation.kind === 'ok' ? (evaluation.state ?? null) : null,
})

/** A task that cannot be read: tried again as long as its `retry` allows, then failed. */
async function stuck(run: Run, state: HostState, { instance, evaluated }: Item): Promise<readonly string[]> {
  const session = sessionOf(run, instance)
  const deadline = performance.now() + (instance.task.retryMs ?? 0)
  let { evaluation } = evaluated
  while (evaluation.kind === 'unknown' || evaluation.kind === 'failed') {
    if (!session || !(await pause(deadline, run.options.hard))) break
    session.prober.invalidate(undefined)
    const again = await evaluate(run.options, state, session, instance)
    evaluation = again.evaluation
    run.ahead.set(instance.id, again)
  }
  if (evaluation.kind === 'broken') run.record.broken(instance, state, evaluation.error)
  else if (evaluation.kind === 'failed')
    run.record.failed(instance, state, evaluation.label, evaluation.error)
  else if (evaluation.kind === 'unknown') {
    run.record.failed(instance, state, evaluation.label, notReady(instance, evaluation.because))
  } else return []
  return [instance.id]
}

function firstRefusal(run: Run, batch: readonly Item[]) {
  for (const item of batch) {
    const wanted = item.evaluated.evaluation
    if (wanted.kind !== 'change') continue
    const error = overImpact(run, wanted)
    if (error) return { item, wanted, error }
  }
  return undefined
}

/** Why a change is refused, if its impact was not agreed to. */
function overImpact(run: Run, wanted: Wanted): Diagnostic | undefined {
  if (IMPACTS.indexOf(wanted.impact) <= IMPACTS.indexOf(run.options.allowed)) return undefined
  return problem('refused/impact', `${wanted.label} means ${wanted.impact}, which was not agreed to`, {
    refuses: true,
    hint: `run it again with --allow ${wanted.impact}`,
  })
}
