import { createHash } from 'node:crypto'
import { reveal } from '../lib/secret.ts'
import type { BatchOptions, Command, CommandResult, Transport } from '../transport/transport.ts'
import type { Probe, Reading, ReadOptions, Resource } from './probe.ts'
import { anyTouches } from './resource.ts'

/** One cached answer of a host. It turns stale when a change may have touched what it was read from. */
export interface Entry {
  readonly id: string
  readonly resources: readonly Resource[] | undefined
  /** How to read it again. */
  readonly source: Source
  stale: boolean
}

/** A probe that remembers which answers it used, so that the engine knows when a conclusion is out of date. */
export interface View {
  readonly probe: Probe
  readonly used: ReadonlySet<Entry>
  /** Host whose answers these are. */
  readonly host: string
  /** True while none of the answers used has become stale. */
  fresh(): boolean
  /** Notes the answers used, outdated or not, as those that the next plan will ask for. */
  remember(): void
}

/** What changes that are not yet made will make of answers, by the ids of entries. */
export type Foretold = ReadonlyMap<string, (before: unknown) => unknown>

/** The id of the entry of a reading's key. */
export const readingId = (reading: { readonly name: string }, key: string): string =>
  `ask ${reading.name} ${key}`

interface Pending {
  readonly source: Source
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

export type Source =
  | { readonly kind: 'run'; readonly command: Command }
  | { readonly kind: 'ask'; readonly reading: Reading<unknown>; readonly key: string }

interface Slot {
  readonly entry: Entry
  readonly value: Promise<unknown>
}

/**
 * Reads one host. Whatever is asked for in one tick travels as one batch; readings of one kind are grouped
 * into one command; answers are kept until `invalidate`.
 */
export interface Prober {
  readonly host: string
  readonly probe: Probe
  /** `foretold`: what earlier changes of the same batch make of answers, by their ids. */
  view(foretold?: Foretold): View
  /** Every answer that is kept now. */
  known(): ReadonlySet<Entry>
  /** What views were told to remember. */
  remembered(): ReadonlySet<Entry>
  /** Everything that a next plan will ask for was read behind the last change, and nothing was touched since. */
  isComplete(): boolean
  /**
   * Sends a command in front of the next readings, in their round trip. Gives its result, undefined before that; asked
   * for the first time while still undefined, the command is not sent any more.
   */
  ahead(command: Command): () => CommandResult | undefined
  /** Drops the answers that a change of these resources (undefined: anything) may have made wrong. */
  invalidate(resources: readonly Resource[] | undefined): void
  /**
   * Sends commands that change the host, stopping at the first that fails. Answers that they may make
   * stale are read again in the same round trip when `again` names them; with `all` whatever it names, because it is
   * all that a next plan will ask for.
   */
  execute(
    commands: readonly Command[],
    touched: readonly Resource[] | undefined,
    again: ReadonlySet<Entry>,
    all?: boolean,
  ): Promise<readonly CommandResult[]>
}

const runCommand = (argv: readonly string[], options: ReadOptions): Command => {
  const { dependsOn: _dependsOn, ...rest } = options
  return { argv, ...rest, okCodes: 'any' }
}

const runId = (command: Command): string =>
  `run ${command.as ?? ''} ${JSON.stringify(command.argv)} ${digest(command.stdin)}`

const digest = (stdin: Command['stdin']): string =>
  stdin === undefined
    ? ''
    : createHash('sha256')
        .update(Buffer.isBuffer(stdin) ? stdin : reveal(stdin))
        .digest('hex')

/** Merges the pending reads into commands: one per `run`, one per kind of reading. */
function plan(pending: readonly Pending[]): { command: Command; settle: (result: CommandResult) => void }[] {
  const groups = new Map<Reading<unknown>, Pending[]>()
  const jobs: { command: Command; settle: (result: CommandResult) => void }[] = []
  for (const item of pending) {
    if (item.source.kind === 'run') {
      jobs.push({ command: item.source.command, settle: (result) => item.resolve(result) })
      continue
    }
    const group = groups.get(item.source.reading)
    if (group) group.push(item)
    else groups.set(item.source.reading, [item])
  }
  for (const [reading, items] of groups) {
    const keys = items.map((item) => (item.source.kind === 'ask' ? item.source.key : ''))
    jobs.push({
      command: { ...reading.command(keys), okCodes: 'any' },
      settle: (result) => {
        try {
          const values = reading.parse(result, keys)
          items.forEach((item, index) => item.resolve(values.get(keys[index] ?? '')))
        } catch (error) {
          for (const item of items) item.reject(error)
        }
      },
    })
  }
  return jobs
}

/** Makes the prober of one session. `signal` cancels what is being read. */
export const createProber = (transport: Transport, signal?: AbortSignal): Prober =>
  new HostProber(transport, signal)

class HostProber implements Prober {
  readonly host: string
  readonly probe: Probe
  readonly #transport: Transport
  readonly #options: BatchOptions
  readonly #cache = new Map<string, Slot>()
  readonly #remembered = new Set<Entry>()
  #complete = false
  #queue: Pending[] = []
  #front:
    | { readonly command: Command; readonly done: (result: CommandResult | undefined) => void }
    | undefined

  constructor(transport: Transport, signal: AbortSignal | undefined) {
    this.#transport = transport
    this.#options = signal ? { signal } : {}
    this.host = transport.host
    this.probe = this.#reader(new Set())
  }

  view(foretold?: Foretold): View {
    const used = new Set<Entry>()
    const fresh = (): boolean => {
      for (const entry of used) if (entry.stale) return false
      return true
    }
    const remember = (): void => used.forEach((entry) => this.#remembered.add(entry))
    return { probe: this.#reader(used, foretold), used, host: this.host, fresh, remember }
  }

  known(): ReadonlySet<Entry> {
    return new Set([...this.#cache.values()].map((slot) => slot.entry))
  }

  remembered(): ReadonlySet<Entry> {
    return this.#remembered
  }

  isComplete(): boolean {
    return this.#complete
  }

  ahead(command: Command): () => CommandResult | undefined {
    let result: CommandResult | undefined
    const front = { command, done: (answer: CommandResult | undefined) => void (result = answer) }
    this.#front = front
    return () => {
      if (this.#front === front) this.#front = undefined
      return result
    }
  }

  invalidate(resources: readonly Resource[] | undefined): void {
    this.#complete = false
    for (const [id, slot] of this.#cache) {
      if (!anyTouches(resources, slot.entry.resources)) continue
      slot.entry.stale = true
      this.#cache.delete(id)
    }
  }

  async execute(
    commands: readonly Command[],
    touched: readonly Resource[] | undefined,
    again: ReadonlySet<Entry>,
    all = false,
  ): Promise<readonly CommandResult[]> {
    const lost = [...again].filter((entry) => all || entry.stale || anyTouches(touched, entry.resources))
    const pending = this.#renew([...new Map(lost.map((entry) => [entry.id, entry])).values()])
    this.invalidate(all ? undefined : touched)
    const jobs = plan(pending)
    const sent = [...commands, ...jobs.map((job) => job.command)]
    const results = await this.#transport.batch(sent, { ...this.#options, failFast: true })
    jobs.forEach((job, index) => {
      const result = results[commands.length + index]
      if (result && !result.notRun) job.settle(result)
    })
    this.#complete = all && results.every((result) => result.notRun !== true)
    // The renewed answers enter the cache in promise callbacks: let them run before anybody reads.
    await new Promise(setImmediate)
    return results.slice(0, commands.length)
  }

  /** Entries to read again become pending reads that ride behind the commands. */
  #renew(again: readonly Entry[]): Pending[] {
    const pending: Pending[] = []
    for (const { id, resources, source } of again) {
      const entry: Entry = { id, resources, source, stale: false }
      const value = new Promise<unknown>((resolve, reject) => {
        pending.push({ source, resolve, reject })
      })
      const renewed: Slot = { entry, value }
      value.then(
        () => this.#replace(id, renewed),
        () => undefined,
      )
    }
    return pending
  }

  /** Whoever used the answer before must notice: it is no longer the one that later changes make stale. */
  #replace(id: string, renewed: Slot): void {
    const before = this.#cache.get(id)
    if (before) before.entry.stale = true
    this.#cache.set(id, renewed)
  }

  #reader(used: Set<Entry>, foretold?: Foretold): Probe {
    const take = (
      id: string,
      resources: readonly Resource[] | undefined,
      source: Source,
    ): Promise<unknown> => {
      const slot = this.#cache.get(id) ?? this.#enqueue(id, resources, source)
      used.add(slot.entry)
      const after = foretold?.get(id)
      return after ? slot.value.then(after) : slot.value
    }
    return {
      host: this.host,
      run: (argv, options = {}) => {
        const command = runCommand(argv, options)
        return take(runId(command), options.dependsOn, { kind: 'run', command }) as Promise<CommandResult>
      },
      ask: <T>(reading: Reading<T>, key: string) => {
        const source: Source = { kind: 'ask', reading: reading as Reading<unknown>, key }
        return take(readingId(reading, key), [reading.resource(key)].flat(), source) as Promise<T>
      },
    }
  }

  #enqueue(id: string, resources: readonly Resource[] | undefined, source: Source): Slot {
    const entry: Entry = { id, resources, source, stale: false }
    const value = new Promise<unknown>((resolve, reject) => {
      if (this.#queue.length === 0) setImmediate(() => void this.#flush())
      this.#queue.push({ source, resolve, reject })
    })
    const slot: Slot = { entry, value }
    this.#cache.set(id, slot)
    value.catch(() => this.#cache.get(id) === slot && this.#cache.delete(id))
    return slot
  }

  async #flush(): Promise<void> {
    const pending = this.#queue
    this.#queue = []
    try {
      const jobs = plan(pending)
      const front = this.#front
      this.#front = undefined
      const commands = [...(front ? [front.command] : []), ...jobs.map((job) => job.command)]
      const results = await this.#transport.batch(commands, this.#options)
      front?.done(results[0])
      const first = front ? 1 : 0
      jobs.forEach((job, index) => job.settle(results[first + index] as CommandResult))
    } catch (error) {
      for (const item of pending) item.reject(error)
    }
  }
}
