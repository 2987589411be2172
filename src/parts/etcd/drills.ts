import type { QuorumPorts } from '../../cluster/drill/net.ts'
import type { Leads } from '../../cluster/drill/site.ts'
import type { Cluster, Host } from '../../inventory/inventory.ts'
import { serving } from '../../inventory/topology.ts'
import type { EtcdPlace } from './place.ts'
import { isLeader, leaderCommand } from './reading.ts'
import type { EtcdVars } from './vars.ts'

/** Hosts that vote in etcd. */
export const voters = (cluster: Cluster): readonly Host[] => serving(cluster, 'etcd')

/** Ports by which etcd's members and clients reach it. */
export const quorumPorts = ({ client_port, peer_port }: EtcdVars): QuorumPorts => ({
  tcp: [String(client_port), String(peer_port)],
})

/** The member that leads etcd, which each of them says of itself. */
export const leads = ({ peers, tls }: EtcdPlace): Leads => ({
  command: (host) => {
    const peer = peers.find(({ name }) => name === host)
    return peer && leaderCommand(peer.client, tls)
  },
  isIt: (_, { code, stdout }) => code === 0 && isLeader(stdout),
})
