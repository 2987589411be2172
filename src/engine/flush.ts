import { problem, type Diagnostic } from '../diag/diagnostic.ts'
import type { Command, CommandResult } from '../transport/transport.ts'
import { isOpen, isStuck, notReady, sessionOf, streams, type Item, type Run } from './batch.ts'
import type { HostState, Session } from './context.ts'
import { evaluate, type Evaluated, type Wanted } from './evaluate.ts'
import { toCommand } from './execute.ts'
import { IMPACTS } from './impact.ts'
import { pendingCommand } from './lock.ts'
import { pack, singly, type Parcel, type Sending } from './pack.ts'
import type { Resource } from './probe.ts'
import type { Entry } from './prober.ts'
import type { Step } from './step.ts'
import type { Instance } from './tasks.ts'
import { conclude, pause, type Sent } from './verify.ts'

/** Resources that no other host sees. */
const LOCAL = new Set(['file', 'unit', 'package', 'user', 'group', 'sysctl'])

/**
 * Carries a batch out on its host, reads again what it touched and checks that every task reached its state.
 * Returns the ids of the tasks that are finished; the host is stopped at the first that failed.
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
    return [...batch.slice(0, -1).map((item) => item.instance.id), ...(await stuck(run, state, last))]
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
    if (change) await conclude(run, state, change)
    else settle(run, state, item)
    finished.push(item.instance.id)
    if (state.stopped !== undefined) break
  }
  return finished
}

const settle = (run: Run, state: HostState, { instance, evaluated }: Item): void => {
  const { evaluation } = evaluated
  if (evaluation.kind !== 'ok' && evaluation.kind !== 'skip') return
  run.record.settled(instance, state, evaluation)
  const value = {
    changed: false,
    status: evaluation.kind,
    state: evaluation.kind === 'ok' ? evaluation.state : undefined,
  }
  run.record.register(instance, state, value)
}

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

const wantedOf = (item: Item): readonly (Item & { wanted: Wanted })[] =>
  item.evaluated.evaluation.kind === 'change' ? [{ ...item, wanted: item.evaluated.evaluation }] : []

/** One round trip: the steps of all tasks in order, and behind them the readings they make out of date. */
async function send(
  run: Run,
  state: HostState,
  batch: readonly Item[],
  queue: readonly Instance[],
): Promise<readonly Sent[]> {
  const changes = batch.flatMap(wantedOf)
  const first = changes[0]
  const session = first && sessionOf(run, first.instance)
  if (!first || !session) return []
  // The others of a batch take no time worth showing: what may take long always comes last.
  for (const { instance, wanted } of changes.slice(-1)) run.record.started(instance, state, wanted.label)
  const notified = [...new Set(changes.flatMap((change) => change.instance.task.notify))]
  const marker = pendingCommand(run.options.stateDir, first.instance.play.name, notified)
  const open = changes.some((change) => change.wanted.touched === undefined)
  const touched: readonly Resource[] | undefined = open
    ? undefined
    : changes.flatMap((c) => c.wanted.touched ?? [])
  state.spread ||= touched === undefined || touched.some((name) => !LOCAL.has(name.split(':')[0] ?? ''))
  const last = changes.at(-1)
  if (last && streams(last.wanted)) {
    return [{ ...last, results: await stream(session, last.wanted.steps, last.instance.task.as) }]
  }
  const parts = changes.map(({ instance, wanted }) =>
    wanted.steps
      .filter((step) => step.kind !== 'upload')
      .map((step): Sending => ({ step, as: instance.task.as, timeoutMs: wanted.timeoutMs })),
  )
  const all = await carryOut(session, marker, parts.flat(), touched, ahead(run, batch, queue))
  let offset = 0
  return changes.map((change, index) => {
    const count = parts[index]?.length ?? 0
    const results = all.slice(offset, offset + count)
    offset += count
    run.record.output(change.instance, state, change.wanted, results)
    return { ...change, results }
  })
}

/**
 * Sends steps in as few commands as possible; gives one result a step. When a command for several steps fails, its
 * steps and those behind it are sent singly.
 */
async function carryOut(
  session: Session,
  marker: readonly Command[],
  sendings: readonly Sending[],
  touched: readonly Resource[] | undefined,
  again: ReadonlySet<Entry>,
): Promise<readonly CommandResult[]> {
  const results: CommandResult[] = []
  const send = async (parcels: readonly Parcel[], before: readonly Command[]): Promise<void> => {
    const commands = [...before, ...parcels.map((parcel) => parcel.command)]
    const answers = (await session.prober.execute(commands, touched, again)).slice(before.length)
    parcels.forEach(({ covers }, i) => {
      for (const index of covers) results[index] = answers[i] as CommandResult
    })
  }
  const parcels = pack(sendings)
  await send(parcels, marker)
  const failed = parcels.findIndex(({ covers }) => {
    const result = results[covers[0] ?? 0]
    return covers.length > 1 && result?.code !== 0 && result?.notRun !== true
  })
  if (failed < 0) return results
  const left = parcels.slice(failed).flatMap(({ covers }) => covers)
  await send(
    singly(
      sendings,
      left.toSorted((a, b) => a - b),
    ),
    [],
  )
  return results
}

/** Steps with files too big for one message go one by one. */
async function stream(
  session: Session,
  steps: readonly Step[],
  as: string | undefined,
): Promise<CommandResult[]> {
  const results: CommandResult[] = []
  for (const step of steps) {
    const [result] =
      step.kind === 'upload'
        ? [await session.transport.upload(step)]
        : await session.prober.execute([toCommand(step, as)], undefined, new Set())
    if (result) results.push(result)
    if (!result || result.code !== 0) break
  }
  session.prober.invalidate(undefined)
  return results
}

/** What is worth reading in the same round trip: the changed tasks, and those up to the next change. */
function ahead(run: Run, batch: readonly Item[], queue: readonly Instance[]): ReadonlySet<Entry> {
  const entries = new Set<Entry>()
  const add = (evaluated: Evaluated | undefined): void => {
    for (const entry of evaluated?.view.used ?? []) entries.add(entry)
  }
  for (const item of batch) if (item.evaluated.evaluation.kind === 'change') add(item.evaluated)
  for (const instance of queue.slice(batch.length)) {
    const evaluated = run.ahead.get(instance.id)
    add(evaluated)
    const next = evaluated?.evaluation
    if (next?.kind === 'unknown' || (next?.kind === 'change' && isOpen(next))) break
  }
  return entries
}

/** Why a change is refused, if its impact was not agreed to. */
function overImpact(run: Run, wanted: Wanted): Diagnostic | undefined {
  if (IMPACTS.indexOf(wanted.impact) <= IMPACTS.indexOf(run.options.allowed)) return undefined
  return problem('refused/impact', `${wanted.label} means ${wanted.impact}, which was not agreed to`, {
    hint: `run it again with --allow ${wanted.impact}`,
  })
}
