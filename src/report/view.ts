import type { Emit } from '../engine/events.ts'

/** Shows a run while it happens. Made from its events alone; what is said at the end is another report. */
export interface View {
  readonly emit: Emit
  /** Puts lines of others above or between its own, so that they do not tear it. */
  readonly log: (text: string) => void
  /** Takes itself off the terminal while a question is asked. */
  readonly pause: () => void
  readonly resume: () => void
  /** Stops and leaves the terminal as it found it. */
  readonly close: () => Promise<void>
}

/** Time and timers, so that tests need not wait. */
export interface Clock {
  /** Milliseconds from any start. */
  readonly now: () => number
  /** Calls again and again until the returned function is called; does not keep the process alive. */
  readonly every: (ms: number, work: () => void) => () => void
}

export const realClock: Clock = {
  now: () => performance.now(),
  every: (ms, work) => {
    const timer = setInterval(work, ms).unref()
    return () => clearInterval(timer)
  },
}
