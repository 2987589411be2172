import type { StackDrills } from '../../cluster/drill/site.ts'

/** What drills need to know of Patroni and etcd. */
export const drills: StackDrills = {
  managers: ['patroni'],
  units: ['patroni'],
  voters: 'etcd',
  lease: 'times.ttl',
  quorum: { tcp: ['etcd.client_port', 'etcd.peer_port'] },
  // The leader's number beside the member's own, as etcdctl gives both.
  leads: `export LC_ALL=C ETCDCTL_API=3
tls=/etc/hactl/tls
[ ! -e $tls/ca.crt ] || export ETCDCTL_CACERT=$tls/ca.crt ETCDCTL_CERT=$tls/host.crt ETCDCTL_KEY=$tls/host.key
url=$(sed -n 's/^ETCD_ADVERTISE_CLIENT_URLS="\\{0,1\\}\\([^",]*\\).*/\\1/p' /etc/default/etcd)
status=$(timeout 5 etcdctl --endpoints "$url" endpoint status -w json 2>/dev/null)
own=$(printf %s "$status" | sed -n 's/.*"member_id":\\([0-9]*\\).*/\\1/p')
leader=$(printf %s "$status" | sed -n 's/.*"leader":\\([0-9]*\\).*/\\1/p')
[ -n "$own" ] && [ "$own" = "$leader" ] && echo yes; exit 0`,
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
