import type { Command, CommandResult } from '../transport/transport.ts'
import { isOpen, sessionOf, streams, type Item, type Run } from './batch.ts'
import type { HostState, Session } from './context.ts'
import type { Evaluated, Wanted } from './evaluate.ts'
import { toCommand } from './execute.ts'
import { pendingCommand } from './lock.ts'
import { pack, singly, type Parcel, type Sending } from './pack.ts'
import type { Resource } from './probe.ts'
import type { Entry } from './prober.ts'
import type { Step } from './step.ts'
import type { Instance } from './tasks.ts'
import type { Sent } from './verify.ts'

/** Resources that no other host sees. */
const LOCAL = new Set(['file', 'unit', 'package', 'user', 'group', 'sysctl'])

const wantedOf = (item: Item): readonly (Item & { wanted: Wanted })[] =>
  item.evaluated.evaluation.kind === 'change' ? [{ ...item, wanted: item.evaluated.evaluation }] : []

/** One round trip: the steps of all tasks in order, and behind them the readings they make out of date. */
export async function send(
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
  const again =
    batch.length === queue.length && isLast(run, state, changes)
      ? { entries: everything(run, session), all: true }
      : { entries: ahead(run, batch, queue), all: false }
  const all = await carryOut(session, marker, parts.flat(), touched, again)
  let offset = 0
  return changes.map((change, index) => {
    const count = parts[index]?.length ?? 0
    const results = all.slice(offset, offset + count)
    offset += count
    run.record.output(change.instance, state, change.wanted, results)
    return { ...change, results }
  })
}

/** What is read again behind the changes. */
interface Again {
  readonly entries: ReadonlySet<Entry>
  /** It is all that the next plan will ask for: read even what no change should have touched. */
  readonly all: boolean
}

/**
 * Nothing of this run comes behind these changes on their host, and no other host's may concern it: then the plan that
 * proves the run needs no reading of its own.
 */
function isLast(run: Run, state: HostState, changes: readonly (Item & { wanted: Wanted })[]): boolean {
  const handled = changes.every(({ instance }) => instance.handler || instance.task.notify.length === 0)
  const handlers = !changes.some(({ instance }) => instance.handler) && state.notified.size > 0
  const alone = run.states.size === 1 || !state.spread
  return alone && handled && !handlers && changes.every(({ instance }) => instance.play === run.lastPlay)
}

/** All that the last evaluations asked of this host. */
function everything(run: Run, session: Session): ReadonlySet<Entry> {
  const views = [...run.ahead.values()].map(({ view }) => view)
  return new Set(views.filter(({ host }) => host === session.prober.host).flatMap(({ used }) => [...used]))
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
  again: Again,
): Promise<readonly CommandResult[]> {
  const results: CommandResult[] = []
  const send = async (parcels: readonly Parcel[], before: readonly Command[]): Promise<void> => {
    const commands = [...before, ...parcels.map((parcel) => parcel.command)]
    const answers = await session.prober.execute(commands, touched, again.entries, again.all)
    parcels.forEach(({ covers }, i) => {
      for (const index of covers) results[index] = answers[before.length + i] as CommandResult
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
  const inOrder = left.toSorted((a, b) => a - b)
  await send(singly(sendings, inOrder), [])
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
