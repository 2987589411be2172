import { isIPv4 } from 'node:net'
import { at, atHost } from '../../cluster/check.ts'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { members, serving } from '../../inventory/topology.ts'
import { known } from '../../inventory/unknown.ts'
import type { PatroniVars } from './vars.ts'
import { withoutPrefix } from '../../inventory/address.ts'

/** Longest name of an interface with its label (IFNAMSIZ of Linux, less the final zero). */
const LABEL_LENGTH = 15

/** vip-manager and keepalived look for no interface of their own. */
function checkInterfaces(cluster: Cluster, { routing }: PatroniVars): readonly Diagnostic[] {
  const carriers = routing.by === 'haproxy' ? serving(cluster, 'proxy') : members(cluster)
  const program = routing.by === 'haproxy' ? 'keepalived' : 'vip-manager'
  return carriers
    .filter(({ vars }) => typeof vars['nic'] !== 'string')
    .map((host) => ({ ...atHost(host), name: host.name }))
    .map(({ name, ...place }) =>
      problem('patroni/no-interface', `${program} on ${name} must know the interface of writer_vip`, {
        ...place,
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

function checkAddress(cluster: Cluster, address: string): readonly Diagnostic[] {
  if (isIPv4(withoutPrefix(address))) return []
  const summary = `writer_vip ${address} is no IPv4 address, and hactl moves only those`
  const hint = 'write an IPv4 address, or choose by: none or by: haproxy without writer_vip'
  return [problem('patroni/no-ipv4', summary, at(cluster, ['writer_vip', 'address'], { hint }))]
}

/** What the chosen way of addressing needs of the inventory, beyond an address at all. Pure. */
export function checkAddressing(cluster: Cluster, vars: PatroniVars): readonly Diagnostic[] {
  const { routing, writer_vip: vip } = vars
  if (!vip || routing.by === 'none') return []
  return [
    ...known(() => checkAddress(cluster, vip.address)),
    ...(routing.by === 'callback' ? [] : checkInterfaces(cluster, vars)),
    ...known(() => checkLabel(cluster, vip.label)),
  ]
}
