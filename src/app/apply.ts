import type { ClusterStatus } from '../cluster/status.ts'
import type { EngineEvent, RunSummary } from '../engine/events.ts'
import { IMPACTS, type Impact } from '../engine/impact.ts'
import { isHeld, owesHandlers, unlockAhead, type Ahead } from './lock.ts'
import { planWith, type Planned } from './plan.ts'
import { applyRun } from './run.ts'
import { neededOf } from './status.ts'
import { settled, standingOf, type Standing } from './standing.ts'

/** Changes an apply would make; handlers of a run that was killed behind its last change are work too. */
export function pendingOf({ summary, ahead }: Planned): number {
  const owed = ahead && owesHandlers(ahead) ? 1 : 0
  return summary.changed + summary.unknown + owed
}

/** Whether an impact is no worse than a limit. */
export const isWithin = (impact: Impact, limit: Impact): boolean =>
  IMPACTS.indexOf(impact) <= IMPACTS.indexOf(limit)

/**
 * The lock that was taken before the plan, when all hosts gave it and nobody has to be asked: somebody may take long to
 * answer, so until then others may run. Else it is given back, to be taken in turn, and everything is read again under it.
 */
export async function keptLock({ bench, ahead }: Planned, agreed: boolean): Promise<Ahead | undefined> {
  if (!ahead || (agreed && isHeld(bench, ahead))) return ahead
  await unlockAhead(bench, ahead)
  return undefined
}

export interface ApplyInput {
  readonly allowed: Impact
  readonly emit: (event: EngineEvent) => void
  /** The lock that is held since before the plan. */
  readonly ahead?: Ahead
}

export interface Applied {
  readonly events: readonly EngineEvent[]
  readonly summary: RunSummary
  /** Changes that a second plan still finds; absent after a run that did not end well. */
  readonly pending?: number
  /** Whether the cluster works now; absent where the playbook is not about a cluster. */
  readonly verdict?: Standing
}

/** Carries a plan out, then proves that a second plan is empty. */
export async function carryOut(planned: Planned, input: ApplyInput): Promise<Applied> {
  const { bench, playbook, registry } = planned
  const { allowed, ahead } = input
  const events: EngineEvent[] = []
  const emit = (event: EngineEvent): void => {
    events.push(event)
    input.emit(event)
  }
  const vars = ahead ? planned.vars : (await neededOf(bench, playbook.needs)).scope
  const run = { playbook, registry, allowed, emit, vars, proves: true, ...(ahead && { ahead }) }
  const summary = await applyRun(bench, run)
  if (summary.outcome !== 'done') return { events, summary }
  const { pending, status: known } = await proof(planned)
  emit({ kind: 'proof', run: runOf(events), pending })
  if (!known) return { events, summary, pending }
  const verdict = standingOf(await settled(bench, { emit, patience: bench.options.patience ?? 1, known }))
  emit({ kind: 'verdict', ...verdict })
  return { events, summary, pending, verdict }
}

const runOf = (events: readonly EngineEvent[]): string =>
  events.flatMap((event) => (event.kind === 'run-start' ? [event.run] : []))[0] ?? ''

interface Proof {
  readonly pending: number
  readonly status?: ClusterStatus
}

/** Changes that a second plan still finds. Everything was read anew when the hosts were unlocked. */
async function proof({ bench, playbook, registry }: Planned): Promise<Proof> {
  const { scope, status } = await neededOf(bench, playbook.needs)
  const { summary } = await planWith(bench, playbook, registry, scope)
  const pending = summary.changed + summary.unknown + summary.failed
  return { pending, ...(status && { status }) }
}
