import { HactlError, problem } from '../diag/diagnostic.ts'
import type { Driver } from './driver.ts'
import { nspawn } from './nspawn/driver.ts'

/** Every lab driver; the first is the default. */
export const DRIVERS: readonly Driver[] = [nspawn]

/** The driver of a name. Throws HactlError for an unknown one. */
export function driverOf(name: string): Driver {
  const driver = DRIVERS.find((entry) => entry.name === name)
  if (driver !== undefined) return driver
  const names = DRIVERS.map((entry) => entry.name).join(', ')
  throw new HactlError(
    problem('lab/unknown-driver', `there is no lab driver "${name}"`, { hint: `drivers: ${names}` }),
  )
}
