import type { TObject } from 'typebox'
import type { Diagnostic } from '../diag/diagnostic.ts'
import type { Cluster } from './inventory.ts'

/** What the groups of an inventory are for in a cluster: who belongs to it is said by these names alone. */
export interface StackGroups {
  /** Their hosts are the members: they hold the data, or run the service. */
  readonly members: readonly string[]
  /** Their hosts only vote. */
  readonly voters?: readonly string[]
  /** Their hosts serve the cluster without data of its own: they keep its locks, or route its clients. */
  readonly serving?: readonly string[]
}

/** What the inventory needs to know of a stack; every `Stack` is one. */
export interface StackSpec {
  readonly name: string
  readonly vars: TObject
  readonly groups: StackGroups
  /** Keys of `cluster` that hold a virtual address: `{ address: ADDRESS/PREFIX }`. */
  readonly addresses?: readonly string[]
  check(cluster: Cluster): readonly Diagnostic[]
}
