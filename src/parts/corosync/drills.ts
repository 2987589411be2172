import type { QuorumPorts } from '../../cluster/drill/net.ts'
import type { Leads } from '../../cluster/drill/site.ts'
import { MONITOR, monitorIn } from './reading.ts'

/** Processes of Pacemaker that `kill-manager` ends. */
export const MANAGERS = [
  'pacemakerd',
  'pacemaker-controld',
  'pacemaker-based',
  'pacemaker-fenced',
  'pacemaker-execd',
  'pacemaker-attrd',
  'pacemaker-schedulerd',
] as const

/** Units in the order in which they start. */
export const UNITS = ['corosync', 'pacemaker'] as const

/** Corosync's first link is at 5405; each further one has the next port (corosync.conf(5), mcastport). */
export const quorumPorts = (): QuorumPorts => ({ udp: ['5404-5412'] })

/** The coordinator, which decides what the others carry out. */
export const leads = (): Leads => ({
  command: () => MONITOR,
  isIt: (host, answer) => monitorIn(answer)?.dc === host,
})

/** Packages whose versions the numbers depend on. */
export const PACKAGES = ['corosync', 'pacemaker', 'pcs', 'resource-agents'] as const
