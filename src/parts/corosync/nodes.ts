import type { Cluster, Host } from '../../inventory/inventory.ts'
import { clusterAddresses, members, witnesses } from '../../inventory/topology.ts'

/** Every host with a vote in Corosync: the members, then the witness. */
export const nodesOf = (cluster: Cluster): readonly Host[] => [...members(cluster), ...witnesses(cluster)]

/** Addresses of a host for Corosync, one for each of its links. */
export const linksOf = clusterAddresses
