import type { Described } from '../lib/type.ts'
import type { addressSchema, memberSchema, problemSchema, statusSchema } from './status-schema.ts'

/** What `hactl status` says about one cluster; every stack fills the same fields. */
export type ClusterStatus = Described<typeof statusSchema>
export type MemberStatus = Described<typeof memberSchema>
export type VirtualAddress = Described<typeof addressSchema>
export type Problem = Described<typeof problemSchema>
export type ReplicationMode = ClusterStatus['replication']['wanted']
export type Role = MemberStatus['role']
export type Health = ClusterStatus['health']
