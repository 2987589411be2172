import type { Cluster } from '../../inventory/inventory.ts'
import { clusterAddress, serving } from '../../inventory/topology.ts'
import type { EtcdVars } from './vars.ts'

/** Where etcd runs and how it is reached: its hosts, or the members when the group `etcd` has none. */
export function etcdPlaceOf(cluster: Cluster, { tls, auth, token, client_port, peer_port }: EtcdVars) {
  const scheme = tls ? 'https' : 'http'
  const peers = serving(cluster, 'etcd').map((host) => {
    const address = clusterAddress(host)
    return {
      name: host.name,
      address,
      client: `${scheme}://${address}:${client_port}`,
      peer: `${scheme}://${address}:${peer_port}`,
    }
  })
  return {
    hosts: peers.map(({ name }) => name),
    peers,
    endpoints: peers.map(({ address }) => `${address}:${client_port}`),
    scheme,
    tls,
    auth,
    token: token ?? `hactl-${cluster.name}`,
    initial: peers.map(({ name, peer }) => `${name}=${peer}`).join(','),
    dataDir: '/var/lib/etcd/default',
  }
}

export type EtcdPlace = ReturnType<typeof etcdPlaceOf>
