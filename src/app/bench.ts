import type { Session } from '../engine/context.ts'
import { openHosts, type Opened } from '../engine/sessions.ts'
import type { Host } from '../inventory/inventory.ts'
import { createTemplates, type Scope } from '../template/template.ts'
import { connect as connectTo } from '../transport/connect.ts'
import type { Caller } from './caller.ts'
import type { Target } from './target.ts'

export interface BenchOptions {
  readonly forks?: number
  readonly tags?: readonly string[]
  readonly skipTags?: readonly string[]
  readonly startAt?: string
  /** Variables over all others. */
  readonly over?: Scope
  /** Waits are this many times as long; default 1. */
  readonly patience?: number
  readonly verbose: number
}

/** Hosts of a target, opened, with what a run on them needs. */
export interface Bench {
  readonly target: Target
  /** All hosts of the cluster, also those that `--limit` leaves alone: they are read, not changed. */
  readonly opened: Opened
  /** The sessions of the hosts that may be changed. */
  readonly chosen: ReadonlyMap<string, Session>
  readonly options: BenchOptions
  readonly templates: ReturnType<typeof createTemplates>
  readonly caller: Caller
}

/** Hosts worked on at the same time, when nobody says how many. */
export const FORKS = 50

/**
 * Starts connecting to the hosts of the cluster, or to `hosts`; what else must be loaded can be loaded meanwhile.
 * Whoever changes nothing and judges nothing opens those of the limit alone.
 */
export async function openBench(
  target: Target,
  options: BenchOptions,
  caller: Caller,
  hosts: readonly Host[] = target.cluster?.hosts ?? target.hosts,
): Promise<Bench> {
  const { ask, hard, connect = connectTo } = caller
  const forks = options.forks ?? FORKS
  const opened = await openHosts(hosts, { connect, forks, signal: hard, ...(ask && { ask }) })
  const chosen = new Map(
    target.hosts.flatMap(({ name }) => {
      const session = opened.sessions.get(name)
      return session ? [[name, session] as const] : []
    }),
  )
  return { target, opened, chosen, options, templates: createTemplates(), caller }
}
