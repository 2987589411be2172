import type { Probe } from './probe.ts'

/** Pressure where the kernel counts it, and the load; a host without one of these files answers with the others. */
const ASK = ['cat', '/proc/pressure/cpu', '/proc/pressure/io', '/proc/pressure/memory', '/proc/loadavg']

/** Percent of the last ten seconds in which something waited: beyond this a host is saturated. */
const MOST = { some: 60, full: 20 }

/** Runnable tasks for each processor. */
const MOST_LOAD = 2

/** Whether what a host says of its load means that everything on it takes its time. Pure. */
export function isSaturated(answer: string, processors: number): boolean {
  const pressures = [...answer.matchAll(/^(some|full) avg10=(\d+(?:\.\d+)?)/gm)]
  const load = Number(/^(\d+\.\d+) \d+\.\d+ \d+\.\d+ \d+\/\d+/m.exec(answer)?.[1] ?? 0)
  return (
    pressures.some(([, kind, percent]) => Number(percent) >= MOST[kind as keyof typeof MOST]) ||
    (processors > 0 && load >= MOST_LOAD * processors)
  )
}

/** Asks a host for its load, in the round trip of what else is read in this tick. Says no where nothing is known. */
export async function readSaturated(probe: Probe): Promise<boolean> {
  try {
    const [load, processors] = await Promise.all([probe.run(ASK), probe.run(['nproc'])])
    return isSaturated(load.stdout, Number(processors.stdout))
  } catch {
    // The session is lost: what is awaited says so.
    return false
  }
}
