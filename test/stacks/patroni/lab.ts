import { expect } from 'vitest'
import { otherPrimary } from '../../lab/contract/repair.ts'
import type { Moment, StackLab } from '../../lab/contract/stack.ts'
import type { Lab } from '../../lab/support/lab.ts'
import { seeds } from './lab/drift.ts'
import { INCIDENTS } from './lab/incidents.ts'

const moments: readonly Moment[] = [
  { play: 'Packages', results: 0 },
  { play: 'Certificates', results: 2 },
  { play: 'etcd', results: 0 },
  { play: 'etcd', results: 20 },
  { play: 'etcd is healthy', results: 2 },
  { play: 'The address follows the primary by callback', results: 3 },
  { play: 'Configuration of every member', results: 8 },
  { play: 'The first member', results: 1 },
  { play: 'The other members', results: 1 },
  { play: 'Roles of the cluster', results: 1 },
]

const SHOW = 'patronictl -c /etc/patroni/config.yml show-config'

/** A table that reaches no standby, then the power of the primary goes; Patroni does not start there at boot. */
export async function diverge(lab: Lab, primary: string, standbys: readonly string[]): Promise<void> {
  // A stopped receiver would still find in its socket what the primary has sent: nothing may leave the host.
  const routes = standbys.map((node) => `ip route add blackhole 10.77.0.1${node.slice('pg'.length)}/32`)
  const alone = (sql: string): string => `timeout 1 runuser -u postgres -- psql -XAtqw -c '${sql}' || true`
  const commits = ['create table only_here ()', 'insert into only_here default values'].map(alone)
  await lab.sh(primary, `cd /; systemctl disable patroni 2>&1; ${[...routes, ...commits].join('; ')}; sync`)
  await lab.lab('break', 'power-off', primary)
  await otherPrimary(lab, primary)
  await lab.lab('heal', primary)
}

/** What the contract suite must know of Patroni and etcd. */
export const PATRONI: StackLab = {
  name: 'patroni',
  short: 'pat',
  vars: 'lab-patroni/cluster.yml',
  packages: [
    'patroni',
    'python3-etcd',
    'etcd-server',
    'etcd-client',
    'postgresql-15',
    'postgresql-client-15',
    'curl',
    'sudo',
    'openssl',
    'iputils-arping',
  ],
  addresses: ['writer'],
  epoch: async (lab) => {
    const config = await lab.sh(lab.nodes[0] ?? '', `${SHOW} | sha256sum`)
    expect(config).toMatch(/^[0-9a-f]{64}/)
    return config
  },
  secrets: [
    'app_password',
    'ca_key',
    'etcd_patroni_password',
    'etcd_root_password',
    'keepalived_password',
    'patroni_rest_password',
    'replication_password',
    'rewind_password',
    'superuser_password',
  ],
  clear: ['/etc/patroni/config.yml 640 root', '/var/lib/postgresql/.pgpass_patroni 600 postgres'],
  seeds,
  leftovers: (lab) => lab.sh(lab.nodes[0] ?? '', SHOW),
  diverge,
  moments,
  incidents: INCIDENTS,
  often: ['etcd-member-lost', 'fsync-off'],
}
