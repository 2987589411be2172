import { hostname, userInfo } from 'node:os'
import type { EngineEvent } from '../engine/events.ts'
import { newRunId } from '../engine/journal.ts'
import {
  acquire,
  acquireAhead,
  release,
  stateDirOf,
  type Acquired,
  type Attempt,
  type LockOwner,
} from '../engine/lock.ts'
import type { Owed } from '../engine/run.ts'
import type { Bench } from './bench.ts'
import type { Target } from './target.ts'

/** A run that has asked for the lock before it knows whether it will change anything. */
export interface Ahead {
  readonly stateDir: string
  readonly owner: LockOwner
  readonly attempts: ReadonlyMap<string, Attempt>
}

/** Where a run on this target keeps its lock on the hosts. */
export const stateDirOn = (target: Target): string => stateDirOf(target.cluster?.name ?? 'hosts')

/** A run of this account on this machine that begins now. */
export const newOwner = (): LockOwner => ({
  run: newRunId(),
  by: userInfo().username,
  from: hostname(),
  at: new Date().toISOString(),
})

/**
 * Asks for the lock on all hosts in the round trip of their first readings, so that what is planned need not be read
 * again before it is changed. Nobody waits here and nothing is refused: `lockAll` does that when a host was not to be had.
 */
export function lockAhead({ target, chosen }: Bench): Ahead {
  const [stateDir, owner] = [stateDirOn(target), newOwner()]
  const attempts = [...chosen].map(
    ([name, session]) => [name, acquireAhead(session, stateDir, owner)] as const,
  )
  return { stateDir, owner, attempts: new Map(attempts) }
}

/** Whether the lock is held on every host since before the first reading. */
export const isHeld = ({ chosen }: Bench, { attempts }: Ahead): boolean =>
  [...chosen.keys()].every((name) => attempts.get(name)?.taken() !== undefined)

/** Whether a killed run left handlers that have not run yet. */
export const owesHandlers = ({ attempts }: Ahead): boolean =>
  [...attempts.values()].some((attempt) => (attempt.taken()?.pending.length ?? 0) > 0)

/** Gives back what was taken ahead. */
export async function unlockAhead({ chosen }: Bench, { stateDir, owner, attempts }: Ahead): Promise<void> {
  await Promise.all(
    [...chosen].map(async ([name, session]) => {
      if (attempts.get(name)?.taken()) await release(session, stateDir, owner.run)
    }),
  )
}

/** Goes on with the lock that was taken ahead. */
export function adopt({ chosen }: Bench, { attempts }: Ahead, emit: Emit): Owed {
  const owed: OwedByHost = new Map()
  for (const name of chosen.keys()) {
    const lock = attempts.get(name)?.taken()
    if (lock) note(name, lock, owed, emit)
  }
  return owed
}

type Emit = (event: EngineEvent) => void
type OwedByHost = Map<string, readonly { readonly play: string; readonly handler: string }[]>

function note(host: string, { stale, pending }: Acquired, owed: OwedByHost, emit: Emit): void {
  if (pending.length > 0) owed.set(host, pending)
  const text = 'an earlier run was cut off here; it is continued'
  if (stale) emit({ kind: 'notice', level: 'info', host, text })
}

/** Takes the lock on all hosts in their order by name, so that two operators cannot block each other half-way. */
export async function lockAll(bench: Bench, stateDir: string, owner: LockOwner, emit: Emit): Promise<Owed> {
  const owed: OwedByHost = new Map()
  const taken: string[] = []
  const sessions = [...bench.chosen].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const [first, ...rest] = sessions
  const take = async ([name, session]: (typeof sessions)[number]): Promise<void> => {
    const held = (holder: LockOwner | undefined): void => {
      const who = holder ? `run ${holder.run} by ${holder.by} from ${holder.from}` : 'another run'
      emit({
        kind: 'notice',
        level: 'info',
        host: name,
        text: `${who} holds the lock: waiting a few seconds`,
      })
    }
    const lock = await acquire(session, stateDir, owner, held)
    taken.push(name)
    note(name, lock, owed, emit)
  }
  try {
    // Whoever gets the first host gets the others: they can be asked side by side.
    if (first) await take(first)
    await Promise.all(rest.map(take))
  } catch (error) {
    for (const [name, session] of sessions) {
      if (taken.includes(name)) await release(session, stateDir, owner.run)
    }
    throw error
  }
  return owed
}
