import type { Text } from '../lib/secret.ts'
import type { Impact } from './impact.ts'

/** An effect as data. Arguments never hold a secret: the types allow one only as content or standard input. */
export type Step = RunStep | PutStep | RemoveStep | UploadStep

interface StepBase {
  /** What this step interrupts; default `none`. */
  readonly impact?: Impact
}

export interface RunStep extends StepBase {
  readonly kind: 'run'
  readonly argv: readonly string[]
  readonly as?: string
  readonly stdin?: Text
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  /** Exit codes that count as success; default [0]. */
  readonly okCodes?: readonly number[]
  /** See `Command`: a text of our own that needs no shell of its own. */
  readonly inline?: true
  /** See `Command`: it fetches something, so the host's proxy settings hold for it. */
  readonly network?: true
  /**
   * The command takes what follows `--` one by one and may be repeated: neighbours that are equal up to there are run
   * as one (`install -d -- A B`).
   */
  readonly joins?: true
}

/** Writes a file atomically: temporary file in the same folder, fsync, owner, mode, SELinux label, rename. */
export interface PutStep extends StepBase {
  readonly kind: 'put'
  readonly path: string
  readonly content: Text
  /** Octal text such as `0644`; default: the mode the file has, or 0644. */
  readonly mode?: string
  readonly owner?: string
  readonly group?: string
  /** Run before the rename with the temporary file's path in place of `%s`; a failure leaves the file as it was. */
  readonly validate?: readonly string[]
  /** Compare-and-set: refuse when the file's sha256 is no longer this (`absent`: it must not exist). */
  readonly expect?: string
}

/** Removes a file, a symlink or an empty directory; never a tree. */
export interface RemoveStep extends StepBase {
  readonly kind: 'remove'
  readonly path: string
}

/** Streams a local file with a hash check; for content too big to keep in memory. */
export interface UploadStep extends StepBase {
  readonly kind: 'upload'
  readonly from: string
  readonly path: string
  readonly mode?: string
  readonly owner?: string
  readonly group?: string
}

/** A `run` step from plain arguments. */
export const run = (...argv: readonly string[]): RunStep => ({ kind: 'run', argv })
/** A `run` step with options. */
export const runWith = (options: Omit<RunStep, 'kind' | 'argv'>, ...argv: readonly string[]): RunStep => ({
  kind: 'run',
  argv,
  ...options,
})
