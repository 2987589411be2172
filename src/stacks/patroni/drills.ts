import type { StackDrills } from '../../cluster/drill/site.ts'

/** What drills need to know of Patroni and etcd. */
export const drills: StackDrills = {
  managers: ['patroni'],
  units: ['patroni'],
  repairs: ['repair-standby', 'rebuild-standby'],
  marks: [
    // A standby sees that the lock is gone and asks the others, or the primary that its server has ended.
    {
      what: 'detected',
      from: ['patroni'],
      pattern:
        'Got response from|postmaster is not running|Leader key is not valid|Cleaning up failed leader',
    },
    { what: 'decided', from: ['patroni'], pattern: 'promoted self to leader by acquiring session lock' },
  ],
}
