import type { Cluster, Host } from '../../inventory/inventory.ts'
import { members, witnesses } from '../../inventory/topology.ts'

/** Every host with a vote in Corosync: the members, then the witness. */
export const nodesOf = (cluster: Cluster): readonly Host[] => [...members(cluster), ...witnesses(cluster)]

/** Addresses of a host for Corosync: `links`, or the address it is reached by. */
export const linksOf = (host: Host): readonly string[] => {
  const { links } = host.vars
  return Array.isArray(links) ? links.map(String) : [host.connection.address]
}
