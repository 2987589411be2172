import { expect } from 'vitest'
import { otherPrimary } from '../../lab/contract/repair.ts'
import type { Moment, StackLab } from '../../lab/contract/stack.ts'
import type { Lab } from '../../lab/support/lab.ts'
import { cibEpoch } from '../../lab/support/traces.ts'
import { seeds } from './lab/drift.ts'
import { INCIDENTS } from './lab/incidents.ts'

/** The former primary goes on for one commit that nobody else has, and crashes. */
const COMMITS = `cd /var/lib/postgresql/15/main; rm -f postmaster.pid standby.signal
runuser -u postgres -- sh -euc '
  PATH=/usr/lib/postgresql/15/bin:$PATH
  file=/etc/postgresql/15/main/postgresql.conf
  pg_ctl -D . -w -o "-c config_file=$file -c synchronous_standby_names= -c port=5999" start
  psql -Xq -p 5999 -d postgres -c "create table only_here ()"
  pg_ctl -D . -m immediate stop' >/dev/null`

/** Its power goes; back, and before Pacemaker runs there, it gets the commit. */
async function diverge(lab: Lab, primary: string): Promise<void> {
  await lab.sh(primary, 'systemctl disable pacemaker 2>/dev/null')
  await lab.lab('break', 'power-off', primary)
  await otherPrimary(lab, primary)
  await lab.lab('heal', primary)
  await lab.sh(primary, COMMITS)
  await lab.sh(primary, 'systemctl enable --now pacemaker 2>/dev/null')
}

const moments: readonly Moment[] = [
  { play: 'Packages and accounts', results: 0 },
  { play: 'Packages and accounts', results: 10 },
  { play: 'Corosync', results: 0 },
  { play: 'Corosync', results: 3 },
  { play: 'The cluster runs', results: 4 },
  { play: 'The first data directory', results: 2 },
  { play: 'Copies on the other members', results: 0 },
  { play: 'The cluster takes over', results: 1 },
  { play: 'Resources', results: 3 },
  { play: 'Roles and databases', results: 2 },
]

/** Bans, moves and failures that something left in the cluster. */
const LEFTOVERS = `cibadmin --query | grep -E 'cli-(ban|prefer)|fail-count|name="maintenance" value="(on|true)"|name="standby" value="(on|true)"' || true`

/** What the contract suite must know of Corosync and Pacemaker. */
export const PACEMAKER: StackLab = {
  name: 'pacemaker',
  short: 'pcm',
  vars: 'lab-pacemaker/cluster.yml',
  packages: [
    'corosync',
    'pacemaker',
    'pacemaker-cli-utils',
    'pcs',
    'resource-agents',
    'postgresql-15',
    'postgresql-client-15',
  ],
  addresses: ['writer', 'reader'],
  epoch: async (lab) => {
    const epoch = await cibEpoch(lab, lab.nodes[0] ?? '')
    expect(epoch).toMatch(/^\d+$/)
    return epoch
  },
  secrets: ['app_password', 'hacluster_password', 'replication_password'],
  // The password file of standbys, for the account postgres only.
  clear: ['/var/lib/postgresql/.pgpass 600 postgres'],
  seeds,
  leftovers: (lab) => lab.sh(lab.nodes[0] ?? '', LEFTOVERS),
  diverge,
  moments,
  incidents: INCIDENTS,
  often: ['maintenance', 'vip-on-two', 'wrong-password', 'fsync-off'],
}
