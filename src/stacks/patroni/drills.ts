import type { StackDrills } from '../../cluster/drill/site.ts'
import { factsOf } from './derive.ts'

/** What drills need to know of this stack beside its parts. */
export const drills: Partial<StackDrills> = {
  managers: ['patroni'],
  units: ['patroni'],
  lease: (cluster) => factsOf(cluster).timing.ttl,
  packages: ['patroni', 'etcd-server', 'haproxy', 'keepalived', 'vip-manager', 'vip-manager2'],
  settings: [
    'timing',
    'replication.mode',
    'replication.synchronous_nodes',
    'replication.maximum_lag_on_failover',
    'routing.by',
    'patroni.failsafe',
    'patroni.rewind',
    'patroni.watchdog',
    'patroni.guard',
    'times',
  ],
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
