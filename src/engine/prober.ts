import type { Command, CommandResult, Transport } from '../transport/transport.ts'
import type { Probe, Reading, ReadOptions, Resource } from './probe.ts'
import { anyTouches } from './resource.ts'

/** One cached answer of a host. It turns stale when a change may have touched what it was read from. */
export interface Entry {
  readonly id: string
  readonly resources: readonly Resource[] | undefined
  stale: boolean
}

/** A probe that remembers which answers it used, so that the engine knows when a conclusion is out of date. */
export interface View {
  readonly probe: Probe
  readonly used: ReadonlySet<Entry>
  /** True while none of the answers used has become stale. */
  fresh(): boolean
}

interface Pending {
  readonly entry: Entry
  readonly source: Source
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

type Source =
  | { readonly kind: 'run'; readonly command: Command }
  | { readonly kind: 'ask'; readonly reading: Reading<unknown>; readonly key: string }

interface Slot {
  readonly entry: Entry
  readonly source: Source
  readonly value: Promise<unknown>
}

/**
 * Reads one host. Whatever is asked for in one tick travels as one batch; readings of one kind are grouped
 * into one command; answers are kept until `invalidate`.
 */
export interface Prober {
  readonly host: string
  readonly probe: Probe
  view(): View
  /** Drops the answers that a change of these resources (undefined: anything) may have made wrong. */
  invalidate(resources: readonly Resource[] | undefined): void
  /**
   * Sends commands that change the host, stopping at the first that fails. Answers that they may make
   * stale are read again in the same round trip when `again` names them.
   */
  execute(
    commands: readonly Command[],
    touched: readonly Resource[] | undefined,
    again: ReadonlySet<Entry>,
  ): Promise<readonly CommandResult[]>
}

const runCommand = (argv: readonly string[], options: ReadOptions): Command => {
  const { dependsOn: _dependsOn, ...rest } = options
  return { argv, ...rest, okCodes: 'any' }
}

const runId = (command: Command): string =>
  `run ${command.as ?? ''} ${JSON.stringify(command.argv)} ${typeof command.stdin === 'string' ? command.stdin : ''}`

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
export function createProber(transport: Transport, signal?: AbortSignal): Prober {
  const cache = new Map<string, Slot>()
  let queue: Pending[] = []
  const options = signal ? { signal } : {}

  const send = async (pending: readonly Pending[]): Promise<void> => {
    try {
      const jobs = plan(pending)
      const results = await transport.batch(
        jobs.map((job) => job.command),
        options,
      )
      jobs.forEach((job, index) => job.settle(results[index] as CommandResult))
    } catch (error) {
      for (const item of pending) item.reject(error)
    }
  }

  const flush = (): void => {
    const pending = queue
    queue = []
    void send(pending)
  }

  const enqueue = (id: string, resources: readonly Resource[] | undefined, source: Source): Slot => {
    const entry: Entry = { id, resources, stale: false }
    const value = new Promise<unknown>((resolve, reject) => {
      if (queue.length === 0) setImmediate(flush)
      queue.push({ entry, source, resolve, reject })
    })
    const slot: Slot = { entry, source, value }
    cache.set(id, slot)
    value.catch(() => cache.get(id) === slot && cache.delete(id))
    return slot
  }

  const read = (id: string, resources: readonly Resource[] | undefined, source: Source): Slot =>
    cache.get(id) ?? enqueue(id, resources, source)

  const reader = (used: Set<Entry>): Probe => {
    const take = (slot: Slot): Promise<unknown> => {
      used.add(slot.entry)
      return slot.value
    }
    return {
      host: transport.host,
      run: (argv, readOptions = {}) => {
        const command = runCommand(argv, readOptions)
        const slot = read(runId(command), readOptions.dependsOn, { kind: 'run', command })
        return take(slot) as Promise<CommandResult>
      },
      ask: <T>(reading: Reading<T>, key: string) => {
        const slot = read(`ask ${reading.name} ${key}`, [reading.resource(key)], {
          kind: 'ask',
          reading: reading as Reading<unknown>,
          key,
        })
        return take(slot) as Promise<T>
      },
    }
  }

  const invalidate = (resources: readonly Resource[] | undefined): void => {
    for (const [id, slot] of cache) {
      if (!anyTouches(resources, slot.entry.resources)) continue
      slot.entry.stale = true
      cache.delete(id)
    }
  }

  /** Entries to read again become pending reads that ride behind the commands. */
  const renew = (again: ReadonlySet<Entry>): Pending[] => {
    const slots = [...again].map((entry) => cache.get(entry.id)).filter((slot) => slot !== undefined)
    return slots.map((slot) => {
      const entry: Entry = { id: slot.entry.id, resources: slot.entry.resources, stale: false }
      let settle: Pick<Pending, 'resolve' | 'reject'> | undefined
      const value = new Promise<unknown>((resolve, reject) => {
        settle = { resolve, reject }
      })
      const renewed: Slot = { entry, source: slot.source, value }
      value.then(
        () => cache.set(entry.id, renewed),
        () => undefined,
      )
      return { entry, source: slot.source, ...(settle as Pick<Pending, 'resolve' | 'reject'>) }
    })
  }

  return {
    host: transport.host,
    probe: reader(new Set()),
    view: () => {
      const used = new Set<Entry>()
      return {
        probe: reader(used),
        used,
        fresh: () => {
          for (const entry of used) if (entry.stale) return false
          return true
        },
      }
    },
    invalidate,
    execute: async (commands, touched, again) => {
      const pending = renew(again)
      invalidate(touched)
      const jobs = plan(pending)
      const results = await transport.batch([...commands, ...jobs.map((job) => job.command)], {
        ...options,
        failFast: true,
      })
      jobs.forEach((job, index) => {
        const result = results[commands.length + index] as CommandResult
        if (!result.notRun) job.settle(result)
      })
      await Promise.resolve()
      return results.slice(0, commands.length)
    },
  }
}
