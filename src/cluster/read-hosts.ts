import { EXIT, HactlError } from '../diag/diagnostic.ts'
import type { Probe } from '../engine/probe.ts'

const lostHost = (error: unknown): undefined => {
  if (!(error instanceof HactlError) || error.exit !== EXIT.unreachable) throw error
  return undefined
}

/**
 * Reads hosts side by side. Those without a probe, and those that are lost in between, are missing in the result.
 * Rejects with any other error.
 */
export async function readHosts<T>(
  names: Iterable<string>,
  probes: ReadonlyMap<string, Probe>,
  read: (probe: Probe) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
  const readings = await Promise.all(
    [...new Set(names)].map(async (name) => {
      const probe = probes.get(name)
      const reading = probe && (await read(probe).catch(lostHost))
      return reading === undefined ? [] : [[name, reading] as const]
    }),
  )
  return new Map(readings.flat())
}
