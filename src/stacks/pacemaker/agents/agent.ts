import type { Host } from '../../../inventory/inventory.ts'
import type { Timing } from '../timing.ts'
import type { PacemakerVars } from '../vars.ts'

/** What an agent must be told of a cluster. */
export interface AgentInput {
  readonly vars: PacemakerVars
  readonly timing: Timing
  readonly members: readonly string[]
  readonly paths: Paths
}

/** Where PostgreSQL's files are on the members. */
export interface Paths {
  readonly version: string
  readonly binDir: string
  readonly dataDir: string
  readonly confDir: string
  readonly socketDir: string
  /** The agent's own folder: its settings, and marks of work that is unfinished. */
  readonly stateDir: string
  readonly logFile: string
  readonly passfile: string
}

export interface Operation {
  readonly name: string
  readonly interval: string
  readonly timeout: string
  readonly 'on-fail'?: string
  readonly role?: string
}

/** A file an agent needs on every member: its place below `files/` and on the host. */
export interface AgentFile {
  readonly src: string
  readonly path: string
  readonly mode: string
}

/** One resource agent for PostgreSQL. Everything the stack knows about an agent is in its description. */
export interface Agent {
  readonly name: string
  /** Name of the resource and of its clone. */
  readonly resource: string
  readonly clone: string
  readonly type: string
  readonly files: readonly AgentFile[]
  /** What its service is told on a member. */
  readonly config: (input: AgentInput, hosts: readonly Host[], own: Host) => object
  readonly attributes: (input: AgentInput) => Readonly<Record<string, string>>
  readonly operations: (input: AgentInput) => readonly Operation[]
  readonly cloneMeta: (input: AgentInput) => Readonly<Record<string, string>>
  /** Node attributes: state of replication, permanent state of the data. */
  readonly statusAttribute: string
  readonly dataAttribute: string
  /** Exists on a former primary whose data may not fit; the agent refuses to start then. */
  readonly lockFile: (paths: Paths) => string
}
