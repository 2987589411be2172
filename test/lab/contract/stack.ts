import type { Incident } from '../incidents/staged.ts'
import { labOf, type Lab, type LabOptions } from '../support/lab.ts'

/** One difference that is seeded: where it is made, how, and what the plan must say of it. */
export interface Seed {
  readonly what: string
  readonly node: string
  readonly script: string
  /** Host, task and impact as the plan shows them. */
  readonly shows: readonly (readonly [host: string, task: string, impact: string])[]
}

/** Where in a first deploy the controller is killed: so many tasks of a play are done, or it has just begun. */
export interface Moment {
  readonly play: string
  readonly results: number
}

/** What the contract suite must know of a stack; all of it is in `test/stacks/NAME/lab.ts`. */
export interface StackLab {
  readonly name: string
  /** Part of the names of its labs: short. */
  readonly short: string
  /** The shipped variables, below `inventories/`. */
  readonly vars: string
  /** Its Debian packages, for labs whose first deploy is not what is tested. */
  readonly packages: readonly string[]
  /** Names of its addresses; each is on one member of a healthy cluster. */
  readonly addresses: readonly string[]
  /** Text that changes whenever the cluster's own configuration is written. */
  readonly epoch: (lab: Lab) => Promise<string>
  readonly secrets: readonly string[]
  /** Files with mode and owner in which a member may hold a clear value. */
  readonly clear: readonly string[]
  /** Ten differences, in the order in which they are made. */
  readonly seeds: (primary: string, standbys: readonly string[], lab: Lab) => readonly Seed[]
  /** What an operation may leave behind in the cluster, as text; empty when there is nothing. */
  readonly leftovers: (lab: Lab) => Promise<string>
  /** Gives a lost primary a commit that nobody else has, such that it comes back as one that must be repaired. */
  readonly diverge: (lab: Lab, primary: string, standbys: readonly string[]) => Promise<void>
  /** Ten moments of a first deploy, spread over the plays that change something. */
  readonly moments: readonly Moment[]
  readonly incidents: readonly Incident[]
  /** Names of those that every run stages; all of them are staged by `npm run test:matrix`. */
  readonly often: readonly string[]
}

/** A lab of three members of a stack, with its packages and its shipped variables. */
export const stackLab = (stack: StackLab, name: string, more: Partial<LabOptions> = {}): Lab =>
  labOf(name, { vars: stack.vars, nodes: 3, with: stack.packages, ...more })
