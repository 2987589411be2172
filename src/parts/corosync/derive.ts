import type { Cluster } from '../../inventory/inventory.ts'
import { corosyncVars } from './check.ts'
import { linksOf, nodesOf } from './nodes.ts'
import { tokenOf } from './timing.ts'
import type { ManagerTiming } from './timing.ts'

/** What the playbooks of this part need: nodes with their links, totem, properties and defaults of resources. */
export function deriveCorosync(cluster: Cluster, timing: ManagerTiming) {
  const vars = corosyncVars(cluster)
  const nodes = nodesOf(cluster)
  return {
    every: nodes.map((host) => host.name),
    addresses: [...new Set(nodes.flatMap((host) => linksOf(host)))],
    nodes: nodes.map((host) => ({ name: host.name, addresses: linksOf(host) })),
    totem: { token: tokenOf(vars.timing) },
    properties: {
      'stonith-enabled': 'false',
      'no-quorum-policy': 'stop',
      'cluster-recheck-interval': `${timing.recheck}s`,
      'dc-deadtime': `${timing.dcDeadtime}s`,
      // Above this load Pacemaker carries out one operation after the other: a busy server is no reason.
      'load-threshold': '1000%',
    },
    defaults: {
      'resource-stickiness': '100',
      'migration-threshold': String(vars.failure.threshold),
      'failure-timeout': vars.failure.forget_after,
    },
  }
}
