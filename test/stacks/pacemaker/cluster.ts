import type { Cluster, Host, Value } from '../../../src/inventory/inventory.ts'
import { belonging } from '../../../src/inventory/belonging.ts'
import { fillDefaults } from '../../../src/schema/build.ts'
import { pacemaker } from '../../../src/stacks/pacemaker/index.ts'
import { vars } from '../../../src/stacks/pacemaker/vars.ts'

type Raw = Readonly<Record<string, unknown>>

/** A host as the inventory gives it. */
export const host = (
  name: string,
  address: string,
  more: Raw = {},
  groups: readonly string[] = [],
): Host => ({
  name,
  groups: ['all', 'postgres', ...groups],
  vars: { nic: 'eth0', ...more } as Host['vars'],
  connection: {
    host: name,
    kind: 'ssh',
    address,
    become: false,
    becomeUser: 'root',
    connectTimeoutMs: 10_000,
  },
})

export const HOSTS = [host('pg1', '10.77.0.11'), host('pg2', '10.77.0.12'), host('pg3', '10.77.0.13')]

/** A cluster with the defaults of the schema. */
export function clusterOf(raw: Raw = {}, hosts: readonly Host[] = HOSTS): Cluster {
  const written = {
    name: 'pgcluster',
    stack: 'pacemaker',
    writer_vip: { address: '10.77.0.20/24' },
    reader_vip: { address: '10.77.0.21/24' },
    ...raw,
  }
  return {
    name: String(written.name),
    stack: 'pacemaker',
    group: 'all',
    vars: fillDefaults(vars, written) as Readonly<Record<string, Value>>,
    ...belonging(hosts, pacemaker.groups),
    where: () => undefined,
  }
}
