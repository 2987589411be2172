import type { Reading } from '../../engine/probe.ts'
import { PCS_READINGS } from '../pcs/index.ts'
import { groups, memberships, users } from './accounts.ts'
import { os } from './os.ts'
import { packages } from './packages.ts'
import { passwords } from './passwords.ts'
import { sha256 } from './sha256.ts'
import { stat } from './stat.ts'
import { sysctl } from './sysctl.ts'
import { text } from './text.ts'
import { units } from './units.ts'

/** All grouped readings by name; only tests and tools need the whole list. */
export const READINGS: ReadonlyMap<string, Reading<unknown>> = new Map(
  [
    groups,
    memberships,
    os,
    packages,
    passwords,
    sha256,
    stat,
    sysctl,
    text,
    units,
    users,
    ...PCS_READINGS,
  ].map((reading) => [reading.name, reading]),
)
