import type { Diagnostic } from '../diag/diagnostic.ts'
import type { Cluster } from '../inventory/inventory.ts'
import type { Command } from '../transport/transport.ts'
import type { CaseFile } from './doctor/case.ts'
import type { Catalog } from './doctor/catalog.ts'
import type { Draft, Evidence } from './doctor/finding.ts'
import type { DoctorSite } from './doctor/site.ts'
import type { StackDrills } from './drill/site.ts'
import type { Rule } from './say.ts'
import type { Problem } from './status.ts'

/** Commands by name; a name means one thing in a stack. */
export type Asked = Readonly<Record<string, Command>>

/** A rule of the doctor over everything that was read and the view of it. Pure. */
export type DoctorRule<View> = (file: CaseFile, view: View) => readonly Draft[]

/** What is said to the doctor. */
export interface PartDoctor<in View> {
  /** What only the doctor reads. */
  readonly commands?: (cluster: Cluster, host: string) => Asked
  readonly rules?: readonly DoctorRule<View>[]
  /** What is behind one of the status's problems. */
  readonly evidence?: (problem: Problem, view: View, file: CaseFile) => readonly Evidence[]
  readonly catalog?: Catalog
  /** Beginnings of the names of processes that must not be frozen. */
  readonly processes?: readonly string[]
  readonly runbooks?: DoctorSite['runbooks']
  /** Commands of a program itself that the status names. */
  readonly risks?: NonNullable<DoctorSite['commands']>
}

/**
 * A building block of stacks, about one program: what it reads, judges and computes. It knows no stack; a stack's view
 * extends `View` and says in it, as data, what the part must know of the service.
 */
export interface Part<in View> {
  readonly name: string
  /** What is read on a host for the status. */
  readonly commands?: (cluster: Cluster, host: string) => Asked
  /** Relations that a schema cannot say. Pure. */
  readonly check?: (cluster: Cluster) => readonly Diagnostic[]
  /** Computed values for playbooks and templates. Pure. */
  readonly derive?: (cluster: Cluster) => Readonly<Record<string, unknown>>
  /** Rules of the status, what weighs most first. */
  readonly rules?: readonly Rule<View>[]
  readonly doctor?: PartDoctor<View>
  readonly drills?: Partial<StackDrills>
}
