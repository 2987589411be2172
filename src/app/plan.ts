import type { ClusterStatus } from '../cluster/status.ts'
import { EXIT, HactlError } from '../diag/diagnostic.ts'
import type { EngineEvent, RunSummary } from '../engine/events.ts'
import type { Playbook } from '../engine/playbook.ts'
import type { Registry } from '../engine/module.ts'
import type { Scope } from '../template/template.ts'
import { openBench, type Bench, type BenchOptions } from './bench.ts'
import type { Caller } from './caller.ts'
import { lockAhead, type Ahead } from './lock.ts'
import { phase } from './phase.ts'
import { neededOf } from './status.ts'
import { exitOf } from './summary.ts'
import type { Target } from './target.ts'

/** A plan on open hosts, as events. */
export interface PlanEvents {
  readonly events: readonly EngineEvent[]
  readonly summary: RunSummary
}

export interface Planned extends PlanEvents {
  readonly bench: Bench
  /** The lock as it was asked for in front of the readings. */
  readonly ahead?: Ahead
  /** What the playbook needs to know of its cluster. */
  readonly vars: Scope
  /** The cluster before anything is changed; absent where the playbook does not ask for it. */
  readonly status?: ClusterStatus
  readonly playbook: Playbook
  readonly registry: Registry
}

export interface PlanInput {
  readonly target: Target
  readonly file: string
  readonly options: BenchOptions
  readonly caller: Caller
  /** For an apply, which reads under its lock. */
  readonly locks?: boolean
}

/**
 * Connects and plans. Sockets come first: the registry, the playbook and the template engine are loaded while
 * the handshakes are under way.
 */
export async function makePlan({ target, file, options, caller, locks }: PlanInput): Promise<Planned> {
  const opening = openBench(target, options, caller)
  // An error of the playbook is told first; the sessions are then closed all the same.
  opening.catch(() => undefined)
  try {
    const { readPlaybook } = await import('./playbooks.ts')
    const { playbook, registry } = await readPlaybook(file)
    const bench = await opening
    const ahead = locks === true ? lockAhead(bench) : undefined
    const { scope: vars, status } = await neededOf(bench, playbook.needs)
    const planned = await planWith(bench, playbook, registry, vars)
    const more = { ...(status && { status }), ...(ahead && { ahead }) }
    return { bench, playbook, registry, vars, ...planned, ...more }
  } catch (error) {
    await opening.then((bench) => bench.opened.close()).catch(() => undefined)
    throw error
  }
}

/** A plan on open hosts. */
export async function planWith(
  bench: Bench,
  playbook: Playbook,
  registry: Registry,
  vars: Scope = {},
): Promise<PlanEvents> {
  const events: EngineEvent[] = []
  const hosts = bench.target.hosts.map((host) => host.name)
  const emit = (event: EngineEvent): void => void events.push(event)
  emit({
    kind: 'run-start',
    run: 'plan',
    mode: 'plan',
    playbook: playbook.file,
    hosts,
    at: new Date().toISOString(),
    by: '',
  })
  const summary = await phase(bench, { playbook, registry, mode: 'plan', emit, allowed: 'destructive', vars })
  emit({ kind: 'run-end', run: 'plan', summary })
  return { events, summary }
}

/** Whether a plan did not fail: only hosts that cannot be reached are missing in it. */
export function isSound({ summary }: Pick<PlanEvents, 'summary'>): boolean {
  const code = exitOf(summary)
  return code === EXIT.done || code === EXIT.unreachable
}

/** Ends with an error when a plan failed: nothing may be applied on top of it. */
export function requireSound(planned: Pick<PlanEvents, 'summary'>): void {
  if (!isSound(planned)) throw new HactlError([], exitOf(planned.summary))
}
