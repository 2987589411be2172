import type { Described } from '../lib/type.ts'
import type {
  addressSchema,
  failureSchema,
  hostSchema,
  problemSchema,
  serviceSchema,
  statusSchema,
} from './status-schema.ts'

/** What `hactl status` says about one cluster; every stack fills the same fields. */
export type ClusterStatus = Described<typeof statusSchema>
export type HostStatus = Described<typeof hostSchema>
export type ServiceStatus = Described<typeof serviceSchema>
export type VirtualAddress = Described<typeof addressSchema>
export type CountedFailure = Described<typeof failureSchema>
export type Problem = Described<typeof problemSchema>
export type ReplicationMode = NonNullable<ClusterStatus['replication']>['wanted']
/** A standby's connection, in the words of pg_stat_replication. */
export type Replication = NonNullable<ServiceStatus['replication']>
export type Role = NonNullable<ServiceStatus['role']>
export type Health = ClusterStatus['health']
