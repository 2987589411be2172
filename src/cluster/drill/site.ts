import type { Cluster, Host } from '../../inventory/inventory.ts'
import type { Command, CommandResult, ConnectionSpec } from '../../transport/transport.ts'
import type { ClusterStatus } from '../status.ts'
import type { Mark } from './marks.ts'
import type { QuorumPorts } from './net.ts'

/** How a host is asked whether it leads the cluster's own quorum. */
export interface Leads {
  /** Undefined: it has no vote. */
  readonly command: (host: string) => Command | undefined
  readonly isIt: (host: string, answer: CommandResult) => boolean
}

/** What a stack says about itself for drills: data, and functions of the cluster. */
export interface StackDrills {
  /** Names of the cluster manager's processes. */
  readonly managers: readonly string[]
  /** Its systemd units, in the order in which they start. */
  readonly units: readonly string[]
  /** Runbooks that bring a member back (with `--on`), tried in turn, the gentlest first. */
  readonly repairs: readonly string[]
  /** A runbook without parameters that forgets counted failures. */
  readonly cleanup?: string
  /** A runbook without parameters that makes the last primary primary again, where its status names it: nobody else can be. */
  readonly revive?: string
  /** Ports by which it keeps its quorum. */
  readonly quorum?: (cluster: Cluster) => QuorumPorts
  /** Hosts that keep its quorum; those that are no members only vote. */
  readonly voters?: (cluster: Cluster) => readonly Host[]
  /** Seconds for which nobody may be promoted after the primary is lost. */
  readonly lease?: (cluster: Cluster) => number
  readonly leads?: (cluster: Cluster) => Leads
  /** Lines of logs that tell when the cluster noticed and decided. */
  readonly marks: readonly Mark[]
  /** Packages whose versions the numbers depend on. */
  readonly packages?: readonly string[]
  /** Paths into the variable `cluster`, computed values included, on which the numbers depend: `replication.mode`. */
  readonly settings?: readonly string[]
}

export interface Outcome {
  readonly ok: boolean
  /** What went wrong, in one line. */
  readonly why?: string
}

/** The faults of a lab. */
export interface LabHands {
  inject(fault: string, nodes: readonly string[], options: Readonly<Record<string, string>>): Promise<void>
  /** Undoes every fault. */
  heal(): Promise<void>
}

/** A cluster a drill works on, and what it may do there; the command line puts it together. */
export interface Site {
  readonly cluster: string
  readonly stack: string
  readonly members: readonly { readonly name: string; readonly connection: ConnectionSpec }[]
  /** Hosts without data that vote. */
  readonly voters: readonly { readonly name: string; readonly connection: ConnectionSpec }[]
  readonly port: number
  readonly socketDir: string
  readonly dataDir: string
  /** Where PostgreSQL's own programs are. */
  readonly binDir: string
  /** The ports of the stack's quorum. */
  readonly quorumPorts: QuorumPorts
  readonly leads?: Leads
  /** The cluster's profile of times, where its stack has profiles: `fast`, `normal`, `safe`. */
  readonly profile?: string
  /** Seconds that a failover must wait in any case: allowed beside what a fault allows. */
  readonly leaseS: number
  readonly database: string
  readonly user: string
  /** Only for the client program's standard input. */
  readonly password: string
  readonly drills: StackDrills
  readonly lab?: LabHands
  /** argv that puts a program where clients are. */
  readonly clientPrefix: readonly string[]
  /** Reads the cluster anew. */
  status(): Promise<ClusterStatus>
  /** Connects to all hosts again, when the last status missed one or when forced to; keeps the cluster's lock. */
  reconnect(force: boolean): Promise<void>
  runbook(name: string, params: Readonly<Record<string, string>>): Promise<Outcome>
  /** Changes that a plan of the deployment finds; and why it cannot say. */
  pending(): Promise<{ readonly changes: number; readonly why?: string }>
}

/** What a drill says while it goes on. */
export type Say = (text: string) => void
