import type { Moment } from '../cluster/killed.ts'

/** Ten moments of a first deploy of Patroni, spread over the plays that change something. */
export const PATRONI_MOMENTS: readonly Moment[] = [
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
