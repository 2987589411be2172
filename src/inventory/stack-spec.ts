import type { TObject } from 'typebox'
import type { Diagnostic } from '../diag/diagnostic.ts'
import type { Cluster } from './inventory.ts'

/** What the inventory needs to know of a stack; every `Stack` is one. */
export interface StackSpec {
  readonly name: string
  readonly vars: TObject
  check(cluster: Cluster): readonly Diagnostic[]
}
