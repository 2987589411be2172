import { isIPv4 } from 'node:net'
import { at } from '../../cluster/check.ts'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { members, serving } from '../../inventory/topology.ts'
import type { PatroniVars } from './vars.ts'

/** Longest name of an interface with its label (IFNAMSIZ of Linux, less the final zero). */
const LABEL_LENGTH = 15

/**
 * vip-manager reads etcd by its API 3 since version 2; what Debian 11 to 13 ship (1.0) reads API 2, in which nothing
 * of Patroni's is. What is on offer is only seen on the hosts: there `apply` refuses before anything is changed.
 */
const checkVersion = (cluster: Cluster): readonly Diagnostic[] => [
  problem(
    'patroni/vip-manager-version',
    "vip-manager must be version 2 or newer; Debian's own packages have 1.0, which cannot read etcd's API 3",
    {
      ...at(cluster, ['routing', 'by'], {
        hint: 'give the members a package source that has it, e.g. that of the PostgreSQL project, or choose by: callback',
      }),
      severity: 'warning',
    },
  ),
]

/** vip-manager and keepalived look for no interface of their own. */
function checkInterfaces(cluster: Cluster, { routing }: PatroniVars): readonly Diagnostic[] {
  const carriers = routing.by === 'haproxy' ? serving(cluster, 'proxy') : members(cluster)
  const program = routing.by === 'haproxy' ? 'keepalived' : 'vip-manager'
  return carriers
    .filter(({ vars }) => typeof vars['nic'] !== 'string')
    .map(({ name }) =>
      problem('patroni/no-interface', `${program} on ${name} must know the interface of writer_vip`, {
        hint: `give ${name} its interface: nic: eth0`,
      }),
    )
}

function checkLabel(cluster: Cluster, label: string | undefined): readonly Diagnostic[] {
  return members(cluster).flatMap(({ name, vars }) => {
    const nic = vars['nic']
    if (label === undefined || typeof nic !== 'string') return []
    const full = `${nic}:${label}`
    if (full.length <= LABEL_LENGTH) return []
    const summary = `the label ${full} of ${name} is longer than ${LABEL_LENGTH} characters`
    return [
      problem(
        'patroni/long-label',
        summary,
        at(cluster, ['writer_vip', 'label'], { hint: 'shorten the label' }),
      ),
    ]
  })
}

/** What the chosen way of addressing needs of the inventory, beyond an address at all. Pure. */
export function checkAddressing(cluster: Cluster, vars: PatroniVars): readonly Diagnostic[] {
  const { routing, writer_vip: vip } = vars
  if (!vip || routing.by === 'none') return []
  if (!isIPv4(vip.address.split('/')[0] ?? '')) {
    const summary = `writer_vip ${vip.address} is no IPv4 address, and hactl moves only those`
    return [
      problem(
        'patroni/no-ipv4',
        summary,
        at(cluster, ['writer_vip', 'address'], {
          hint: 'write an IPv4 address, or choose by: none or by: haproxy without writer_vip',
        }),
      ),
    ]
  }
  return [
    ...(routing.by === 'vip-manager' ? checkVersion(cluster) : []),
    ...(routing.by === 'callback' ? [] : checkInterfaces(cluster, vars)),
    ...checkLabel(cluster, vip.label),
  ]
}
