import type { StackDrills } from '../../cluster/drill/site.ts'
import { leads, MANAGERS, PACKAGES, quorumPorts, UNITS } from '../../parts/corosync/drills.ts'

/** What drills need to know of Corosync and Pacemaker. */
export const drills: StackDrills = {
  managers: MANAGERS,
  units: UNITS,
  repairs: ['repair-standby', 'rebuild-standby'],
  cleanup: 'cleanup',
  revive: 'start',
  quorum: quorumPorts,
  leads,
  packages: PACKAGES,
  settings: ['timing', 'guard', 'replication.mode', 'failure', 'times', 'properties', 'totem'],
  marks: [
    // The agent's monitor fails, or Corosync misses a member: whichever is first.
    {
      what: 'detected',
      from: ['pacemaker-controld', 'corosync'],
      pattern:
        'Result of monitor operation for pgsql on [^:]*: [^o]|A processor failed, forming new configuration|has no active links',
    },
    {
      what: 'decided',
      from: ['pacemaker-controld'],
      pattern: 'Requesting local execution of promote operation for pgsql',
    },
  ],
}
