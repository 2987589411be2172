import { setTimeout as wait } from 'node:timers/promises'
import { EXIT, HactlError, problem, type Diagnostic } from '../diag/diagnostic.ts'
import { sessionOf, type Run } from './batch.ts'
import type { HostState, Session } from './context.ts'
import type { Wanted } from './evaluate.ts'
import { readSaturated } from './load.ts'
import type { Action } from './module.ts'
import { patience } from './patience.ts'
import { NotYet } from './probe.ts'
import type { Instance } from './tasks.ts'

/** What a look at an action showed; without words it has happened. */
interface Seen {
  readonly words?: string
  readonly busy: boolean
}

interface Awaited {
  readonly session: Session
  readonly spec: Action['spec']
  readonly args: Wanted['args']
}

/** An action: looked at until it has happened, or its wait is over. */
export async function happened(
  run: Run,
  state: HostState,
  { instance, wanted }: { readonly instance: Instance; readonly wanted: Wanted },
): Promise<Diagnostic | undefined> {
  const session = sessionOf(run, instance)
  if (!wanted.action || !session) return undefined
  const awaited = { session, spec: wanted.action.spec, args: wanted.args }
  const began = performance.now()
  const judge = patience(began, wanted.timeoutMs)
  let told: string | undefined
  for (;;) {
    const { words, busy } = await look(awaited, told !== undefined)
    if (words === undefined) return undefined
    const waiting = judge({ words, busy, now: performance.now() })
    const telling = `${words} ${waiting.slow ?? ''}`
    if (told !== telling) run.record.waiting(instance, state, wanted.label, words, waiting.slow)
    told = telling
    if (waiting.isOver || run.options.soft?.aborted) {
      return notWithin(instance, { words, busy, spentMs: performance.now() - began })
    }
    await nap(run.options.hard)
    session.prober.invalidate(undefined)
  }
}

function notWithin(
  instance: Instance,
  { words, busy, spentMs }: Required<Seen> & { readonly spentMs: number },
): Diagnostic {
  return problem('task/deadline', `did not happen within ${Math.round(spentMs / 1000)} s`, {
    at: instance.task.source,
    on: { task: instance.task.name },
    detail: `seen last: ${words}`,
    ...(busy && {
      hint: 'the host is saturated: end what else runs there, or allow more time with --patience 3',
    }),
  })
}

/** Looks once: whether it has happened, else what is seen, and how busy the host is, in one round trip. */
async function look({ session, spec, args }: Awaited, isAgain: boolean): Promise<Seen> {
  const { probe } = session.prober
  const isDone = (): Promise<boolean> => spec.done(probe, args)
  const [why, busy] = await Promise.all([
    whyNotDone(spec.reconnects ? () => throughLoss(session, isDone) : isDone),
    // The first look costs no round trip of its own: what it asks was read before.
    isAgain && !spec.reconnects ? readSaturated(probe) : false,
  ])
  if (why === undefined) return { busy }
  return { words: why === '' ? await inWords({ session, spec, args }) : why, busy }
}

/** What is seen: told by the same answers, so that it costs nothing. */
async function inWords({ session, spec, args }: Awaited): Promise<string> {
  if (!spec.explain || spec.reconnects) return 'not yet'
  try {
    return await spec.explain(session.prober.probe, args)
  } catch (error) {
    if (error instanceof NotYet) return error.why
    throw error
  }
}

/** Undefined: it has happened. Empty: it has not, and nobody says why. */
async function whyNotDone(done: () => Promise<boolean>): Promise<string | undefined> {
  try {
    return (await done()) ? undefined : ''
  } catch (error) {
    if (error instanceof NotYet) return error.why
    throw error
  }
}

/** As long as the host is down it is not done; then the session is opened again. */
async function throughLoss(session: Session, done: () => Promise<boolean>): Promise<boolean> {
  try {
    return await done()
  } catch (error) {
    if (!(error instanceof HactlError) || error.exit !== EXIT.unreachable) throw error
  }
  await session.reopen?.().catch((error: unknown) => {
    if (!(error instanceof HactlError) || error.exit !== EXIT.unreachable) throw error
  })
  return false
}

/** The time between two looks. */
const nap = async (hard: AbortSignal | undefined): Promise<void> =>
  wait(500, undefined, hard ? { signal: hard } : {})

/** Waits before another try; false when the deadline has passed. */
export async function pause(deadline: number, hard: AbortSignal | undefined): Promise<boolean> {
  if (performance.now() >= deadline) return false
  await nap(hard)
  return true
}
