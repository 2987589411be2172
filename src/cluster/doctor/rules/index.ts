import type { Rule } from '../site.ts'
import { addresses } from './addresses.ts'
import { certificates } from './certificates.ts'
import { disks, slots } from './disks.ts'
import { clocks, cuts, leftovers, stopped } from './hosts.ts'
import { logins, replication } from './replication.ts'
import { settings } from './settings.ts'
import { sides, systems } from './sides.ts'
import { starts } from './starts.ts'

/** The rules of every stack. */
export const RULES: readonly Rule[] = [
  sides,
  systems,
  addresses,
  disks,
  slots,
  stopped,
  certificates,
  starts,
  replication,
  logins,
  cuts,
  clocks,
  settings,
  leftovers,
]
