import { setMaxListeners } from 'node:events'

const soft = new AbortController()
const hard = new AbortController()
// Every host listens: no leak, and nothing to warn about.
setMaxListeners(0, soft.signal, hard.signal)
/** How long an aborted verb may take to close its sessions before the process ends anyway. */
const GRACE_MS = 5000

let say: (text: string) => void = () => undefined
let waitsFor: (() => string) | undefined
let lastResort: NodeJS.Timeout | undefined

/**
 * What Ctrl-C, SIGTERM and a closed terminal mean to a verb. `soft`: finish what runs and stop. `hard`: abort now.
 * A verb that can stop between steps calls `canFinish`; for every other verb the first Ctrl-C is `hard`.
 */
export const interrupt = {
  soft: soft.signal,
  hard: hard.signal,
  /** Says that the verb heeds `soft`; `what` names what is being waited for, e.g. `package[postgresql] on pg3`. */
  canFinish(what: () => string): void {
    waitsFor = what
  },
  /** True after any of the two. */
  happened: (): boolean => soft.signal.aborted || hard.signal.aborted,
  /** Whether the verb heeds `soft`. */
  finishes: (): boolean => waitsFor !== undefined,
} as const

/** Stops the verb as the first Ctrl-C does, without a word: nobody reads its output any more. */
export const stopQuietly = (): void => soft.abort()

function abort(): void {
  soft.abort()
  hard.abort()
  lastResort ??= setTimeout(() => process.exit(130), GRACE_MS).unref()
}

function onSigint(): void {
  if (hard.signal.aborted) process.exit(130)
  if (soft.signal.aborted || waitsFor === undefined) {
    abort()
    return
  }
  soft.abort()
  say(`Stopping after ${waitsFor()}. Ctrl-C again aborts at once.`)
}

/** The terminal was closed: as the first Ctrl-C, and no second one follows. What runs is finished where that is possible. */
function onHangup(): void {
  if (waitsFor === undefined) abort()
  else soft.abort()
}

/** Starts to listen to SIGINT, SIGTERM and SIGHUP. Called once, before the verb runs; `tell` reaches the user. */
export function listen(tell: (text: string) => void): void {
  say = tell
  process.on('SIGINT', onSigint)
  process.on('SIGTERM', abort)
  process.on('SIGHUP', onHangup)
}
