import type { Cluster } from '../../inventory/inventory.ts'
import type { Command, CommandResult } from '../../transport/transport.ts'
import type { ClusterStatus, Problem } from '../status.ts'
import type { CaseFile } from './case.ts'
import type { Catalog } from './catalog.ts'
import type { Draft, Evidence, Risk } from './finding.ts'

/** Answers of one host's commands by their names. */
export type RawHost = Readonly<Record<string, CommandResult>>

export interface Certificate {
  readonly path: string
  /** The CA it must come from. */
  readonly ca?: string
  readonly what: string
  /** Members refuse each other without it. */
  readonly vital?: true
}

/** Where the things are that every stack has, and what its commands do. */
export interface DoctorSite {
  readonly members: readonly { readonly name: string; readonly address: string }[]
  readonly port: number
  readonly dataDir: string
  readonly binDir: string
  readonly socketDir: string
  readonly replicationUser: string
  readonly passfile: string
  /** Files PostgreSQL writes its log to before its own collector does, and units whose journal has it. */
  readonly logFiles: readonly string[]
  readonly logUnits: readonly string[]
  /** Beginnings of the names of processes that must not be frozen. */
  readonly processes: readonly string[]
  readonly certificates: readonly Certificate[]
  readonly isSyncWanted: boolean
  /** Shortest wal_sender_timeout that the stack's timing allows, seconds, and why. */
  readonly walSenderTimeout?: { readonly least: number; readonly why: string }
  readonly runbooks: Readonly<Record<string, readonly [risk: Risk, about: string]>>
  /** Commands of the manager itself that the status names, with or without their last word. */
  readonly commands?: Readonly<Record<string, readonly [risk: Risk, about: string]>>
}

/** A pure rule over everything that was read. */
export type Rule = (file: CaseFile) => readonly Draft[]

/** What a stack adds to the doctor: data and pure functions. */
export interface StackDoctor {
  readonly site: (cluster: Cluster) => DoctorSite
  /** Hosts that are read, members or not. */
  readonly hosts: (cluster: Cluster) => readonly string[]
  /** The status reader's commands by name, and what only the doctor reads. */
  readonly commands: (cluster: Cluster, host: string) => Readonly<Record<string, Command>>
  /** The status from the answers of these commands. Pure. */
  readonly judge: (cluster: Cluster, raw: ReadonlyMap<string, RawHost>, at: string) => ClusterStatus
  /** Of several primaries the one the manager leads; undefined when it cannot say. */
  readonly leader: (
    status: ClusterStatus,
    raw: ReadonlyMap<string, RawHost>,
    cluster: Cluster,
  ) => string | undefined
  readonly rules: readonly Rule[]
  /** What is behind one of the status's problems, where the frame cannot know. */
  readonly evidence?: (problem: Problem, file: CaseFile) => readonly Evidence[]
  /** The codes of this stack alone. */
  readonly catalog: Catalog
}
