import type { TObject } from 'typebox'
import type { StackDoctor } from '../cluster/doctor/site.ts'
import type { StackDrills } from '../cluster/drill/site.ts'
import type { ClusterStatus } from '../cluster/status.ts'
import type { Diagnostic } from '../diag/diagnostic.ts'
import type { Probe } from '../engine/probe.ts'
import type { Cluster } from '../inventory/inventory.ts'
import type { StackGroups } from '../inventory/stack-spec.ts'

/**
 * One way to make PostgreSQL highly available. Its playbooks live in `playbooks/<name>/` (one file a verb),
 * its templates in `templates/<name>/`. No other file of hactl contains its name.
 */
export interface Stack {
  readonly name: string
  readonly about: string
  /** The `cluster` variable: schema with defaults and descriptions. */
  readonly vars: TObject
  /** Whom the groups of the inventory make part of the cluster, and as what. */
  readonly groups: StackGroups
  /** Keys of `cluster` that hold a virtual address. */
  readonly addresses?: readonly string[]
  /** Relations a schema cannot say: VIP in a subnet, guard for two members, timing rules. Pure. */
  check(cluster: Cluster): readonly Diagnostic[]
  /** Values computed from the inventory for playbooks and templates, e.g. timings; merged into `cluster`. Pure. */
  derive(cluster: Cluster): Readonly<Record<string, unknown>>
  /** Reads the hosts (those without a probe are unreachable) and judges. Never writes. */
  status(cluster: Cluster, probes: ReadonlyMap<string, Probe>): Promise<ClusterStatus>
  /** What playbooks with `needs: [deployment]` must know besides, as their variable `deployment`. Never writes. */
  deployment?(cluster: Cluster, probes: ReadonlyMap<string, Probe>): Promise<object>
  /** Files of `hactl init`: path → content. */
  init(options: InitOptions): ReadonlyMap<string, string>
  /** What drills need to know of it; without it there are none. */
  readonly drills?: StackDrills
  /** What the doctor needs to know of it; without it there is none. */
  readonly doctor?: StackDoctor
}

export interface InitOptions {
  readonly cluster: string
  /** Host name → address. */
  readonly hosts: ReadonlyMap<string, string>
  readonly writerVip: string
  readonly readerVip?: string
}
