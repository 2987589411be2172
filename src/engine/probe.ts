import type { Command, CommandResult } from '../transport/transport.ts'

/**
 * A kind of reading that many tasks ask for and that one command answers for all of them, e.g. `stat` of
 * many paths. Keys asked for in the same tick travel as one command; answers are cached until a change
 * may have touched them.
 */
export interface Reading<T> {
  readonly name: string
  /** One command for all keys. */
  command(keys: readonly string[]): Command
  /** One value for every key. May throw HactlError. */
  parse(result: CommandResult, keys: readonly string[]): ReadonlyMap<string, T>
  /** What a key's answer depends on (`file:/etc/hosts`, `unit:x`, `package:x`), matched against `touches`. */
  resource(key: string): Resource | readonly Resource[]
}

/**
 * The name of something on a host that a change may touch: `file:/path`, `unit:NAME`, `package:NAME`,
 * `user:NAME`, `group:NAME`, `sysctl:KEY`, `cib:`, `postgres:PORT`. A kind alone with `*` (`unit:*`) stands for all of
 * its kind; a file stands for everything below it, with `/.` at its end for itself alone.
 */
export type Resource = `${string}:${string}`

/** What a change makes of an answer that was read before it: a file's text, its size. */
export interface Prediction {
  readonly reading: Reading<never>
  readonly key: string
  readonly after: (before: unknown) => unknown
}

/** Declares a prediction; keeps the type of the reading inside. */
export const foretell = <T>(reading: Reading<T>, key: string, after: (before: T) => T): Prediction => ({
  reading: reading as unknown as Reading<never>,
  key,
  after: after as (before: unknown) => unknown,
})

export interface ReadOptions {
  readonly as?: string
  readonly stdin?: NonNullable<Command['stdin']>
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  /** See `Command`: a text of our own that needs no shell of its own. */
  readonly inline?: true
  /** See `Command`: it fetches something, so the host's proxy settings hold for it. */
  readonly network?: true
  /**
   * What the answer depends on. A cached answer is dropped when a later step touches one of these;
   * default: anything any step does.
   */
  readonly dependsOn?: readonly Resource[]
}

/** What a module may do to read a host. All calls of one tick travel in one round trip. Nothing here writes. */
export interface Probe {
  readonly host: string
  /** Runs a reading command. The result is returned whatever its exit code is. */
  run(argv: readonly string[], options?: ReadOptions): Promise<CommandResult>
  /** Asks a grouped reading for one key. */
  ask<T>(reading: Reading<T>, key: string): Promise<T>
}

/**
 * Thrown by `current` when the state cannot be read before an earlier change is made (no server yet, no
 * package yet). In a plan with earlier changes this reads "known after apply"; otherwise it is an error.
 */
export class NotYet extends Error {
  readonly why: string
  constructor(why: string) {
    super(why)
    this.name = 'NotYet'
    this.why = why
  }
}
