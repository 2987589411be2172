import type { StackDrills } from '../../cluster/drill/site.ts'

/** What drills need to know of this stack beside its parts. */
export const drills: Partial<StackDrills> = {
  repairs: ['repair-standby', 'rebuild-standby'],
  cleanup: 'cleanup',
  revive: 'start',
  settings: ['timing', 'guard', 'replication.mode', 'failure', 'times', 'properties', 'totem'],
  marks: [
    // The agent's service sees the end of its server, or Corosync misses a member: whichever is first.
    {
      what: 'detected',
      from: ['hactl-pgd', 'pacemaker-controld', 'corosync'],
      pattern:
        'PostgreSQL has ended by itself|Result of monitor operation for pgsql on [^:]*: [^o]|A processor failed, forming new configuration|has no active links',
    },
    {
      what: 'decided',
      from: ['pacemaker-controld'],
      pattern: 'Requesting local execution of promote operation for pgsql',
    },
  ],
}
