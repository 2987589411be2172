import type { Span } from '../diag/diagnostic.ts'
import type { Secret } from '../lib/secret.ts'
import type { ConnectionSpec } from '../transport/transport.ts'

/** A variable's value: YAML data in which secrets are Secret objects. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Secret
  | readonly Value[]
  | { readonly [key: string]: Value }
export type Vars = Readonly<Record<string, Value>>

export interface Host {
  readonly name: string
  /** All groups that hold the host, `all` first, children after parents. */
  readonly groups: readonly string[]
  /** Merged as Ansible does: all < parent groups < child groups (by name within a level) < host. */
  readonly vars: Vars
  readonly connection: ConnectionSpec
  /** Where a variable of the host is written; where the host is, when it has none of that name. */
  readonly where?: (variable: string) => Span | undefined
}

/** One `cluster` variable with the hosts that share it. */
export interface Cluster {
  readonly name: string
  readonly stack: string
  /** Group that carries the variable (`all` when there is one cluster). */
  readonly group: string
  /** The variable, checked against the stack's schema and filled with defaults. */
  readonly vars: Vars
  /** The hosts that have a task in it; others of the group are no part of it. */
  readonly hosts: readonly Host[]
  /** Names of the hosts that hold its data, or run its service. */
  readonly members: readonly string[]
  /** Names of the hosts that only vote. */
  readonly voters: readonly string[]
  /** Where a path inside the variable stands in a file, for messages: `['postgres', 'hba', 0]`. */
  readonly where: (path: readonly (string | number)[]) => Span | undefined
}

export interface Inventory {
  readonly file: string
  readonly dir: string
  readonly hosts: ReadonlyMap<string, Host>
  /** Group → names of all its hosts, children included; in file order. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  readonly clusters: readonly Cluster[]
  /** Every secret value that was loaded, for masking. */
  readonly secrets: readonly Secret[]
}
