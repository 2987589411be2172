import { availableParallelism, loadavg } from 'node:os'

/** On a machine that has more to do than this, something else is wrong. */
const MOST = 12

/** How many times longer than alone something takes on this machine now: runnable processes a processor, at least 1. */
export const busyness = (): number =>
  Math.min(MOST, Math.max(1, (loadavg()[0] ?? 0) / availableParallelism()))

/** A deadline that fits the machine: so many milliseconds when it is quiet, more while others use it. */
export const patient = (ms: number): number => Math.round(ms * busyness())
