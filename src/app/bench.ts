import { openHosts, type Opened } from '../engine/sessions.ts'
import { createTemplates } from '../template/template.ts'
import { connect } from '../transport/connect.ts'
import type { Caller } from './caller.ts'
import type { Target } from './target.ts'

export interface BenchOptions {
  readonly forks?: number
  readonly tags?: readonly string[]
  readonly startAt?: string
  readonly verbose: number
}

/** Hosts of a target, opened, with what a run on them needs. */
export interface Bench {
  readonly target: Target
  readonly opened: Opened
  readonly options: BenchOptions
  readonly templates: ReturnType<typeof createTemplates>
  readonly caller: Caller
}

/** Hosts worked on at the same time, when nobody says how many. */
export const FORKS = 50

/** Starts connecting; what else must be loaded can be loaded meanwhile. */
export async function openBench(target: Target, options: BenchOptions, caller: Caller): Promise<Bench> {
  const { ask, hard } = caller
  const forks = options.forks ?? FORKS
  const opened = await openHosts(target.hosts, { connect, forks, signal: hard, ...(ask && { ask }) })
  return { target, opened, options, templates: createTemplates(), caller }
}
