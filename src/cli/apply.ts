import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import type { EngineEvent, RunSummary } from '../engine/events.ts'
import { IMPACTS, worse, type Impact } from '../engine/impact.ts'
import { applyRun, exitOf } from './engine.ts'
import { isHeld, owesHandlers, unlockAhead, type Ahead } from './lock.ts'
import { interrupt } from './interrupt.ts'
import { confirm, paint, print, printJson, setExit, size } from './io.ts'
import {
  applyCommand,
  deployment,
  isSound,
  makePlan,
  planWith,
  printPlan,
  requireSound,
  type Planned,
  type PlanOptions,
} from './plan.ts'
import { neededScope } from './status.ts'
import { openTargets, type Target } from './target.ts'
import { openView } from './view.ts'

export interface ApplyOptions extends PlanOptions {
  readonly yes?: boolean
  readonly allow?: Impact
  readonly check?: boolean
  readonly resume?: string | boolean
}

/** `hactl apply`: the plan, then the change, then the proof that a second plan is empty. */
export async function applyVerb(file: string, options: ApplyOptions): Promise<void> {
  for (const target of await openTargets(file, options)) {
    await applyTarget(target, file, options)
    if (interrupt.happened()) return
  }
}

async function applyTarget(target: Target, file: string, options: ApplyOptions): Promise<void> {
  const planned = await makePlan(target, deployment(target, options), options, options.check !== true)
  const { bench, summary } = planned
  try {
    // Handlers of a run that was killed behind its last change are work too, though no plan shows them.
    const owed = planned.ahead && owesHandlers(planned.ahead) ? 1 : 0
    const pending = summary.changed + summary.unknown + owed
    const text = (options.format ?? 'text') === 'text'
    // A plan that failed is all there is to show, in every format.
    if (text || options.check === true || pending === 0 || !isSound(planned))
      await printPlan(planned, options, options.check === true ? applyCommand(file, options) : undefined)
    requireSound(planned)
    if (pending === 0 || options.check === true) {
      setExit(exitOf(summary))
      return
    }
    const ahead = await keptLock(planned, isWithin(summary.impact, given(options)))
    const allowed = await consent(summary.impact, options)
    await carryOut(planned, { file, options, allowed, ...(ahead && { ahead }) })
  } finally {
    await bench.opened.close()
  }
}

/**
 * The lock that was taken before the plan, when all hosts gave it and nobody has to be asked: somebody may take long to
 * answer, so until then others may run. Else it is given back, to be taken in turn, and everything is read again under it.
 */
async function keptLock({ bench, ahead }: Planned, agreed: boolean): Promise<Ahead | undefined> {
  if (!ahead || (agreed && isHeld(bench, ahead))) return ahead
  await unlockAhead(bench, ahead)
  return undefined
}

type Consent = Pick<ApplyOptions, 'allow' | 'yes'>

const given = ({ allow, yes }: Consent): Impact =>
  worse(yes === true ? 'switchover' : 'reload', allow ?? 'none')

const isWithin = (impact: Impact, limit: Impact): boolean => IMPACTS.indexOf(impact) <= IMPACTS.indexOf(limit)

/** What the operator agreed to: `--allow`, `--yes` (not destructive), or an answer. Up to `reload` needs none. */
export async function consent(impact: Impact, options: Consent): Promise<Impact> {
  if (isWithin(impact, given(options))) return given(options)
  const flag = `--allow ${impact}`
  if (await confirm(`This means ${impact}. Apply it?`, { flag })) return impact
  throw new HactlError(
    problem('refused/not-confirmed', 'nothing was changed', { hint: `agree with ${flag}` }),
    EXIT.refused,
  )
}

interface Execution {
  readonly file: string
  readonly options: ApplyOptions
  readonly allowed: Impact
  /** The lock that is held since before the plan. */
  readonly ahead?: Ahead
}

async function carryOut(planned: Planned, { file, options, allowed, ahead }: Execution): Promise<void> {
  const { bench, playbook, registry } = planned
  const events: EngineEvent[] = []
  const view = await openView(options)
  interrupt.canFinish(() => 'the running steps')
  let summary: RunSummary
  let pending: number | undefined
  try {
    const vars = ahead ? planned.vars : await neededScope(bench, playbook.needs)
    const input = { playbook, registry, allowed, view, events, vars, proves: true }
    summary = await applyRun(bench, { ...input, ...(ahead && { ahead }) })
    if (summary.outcome === 'done') {
      pending = await proof(planned)
      view.emit({ kind: 'proof', run: runOf(events), pending })
    }
  } finally {
    await view.close()
  }
  if (options.format === 'json') {
    const { runJson } = await import('../report/json.ts')
    await printJson({ ...runJson(events), pending })
  } else if (options.format !== 'jsonl') {
    const { applySummary } = await import('../report/apply-summary.ts')
    const command = applyCommand(file, options)
    const more = { command, width: size().columns, paint: paint(), ...(pending !== undefined && { pending }) }
    await print(applySummary(events, more).trimEnd())
  }
  setExit(pending !== undefined && pending > 0 ? EXIT.failed : exitOf(summary))
}

const runOf = (events: readonly EngineEvent[]): string =>
  events.flatMap((event) => (event.kind === 'run-start' ? [event.run] : []))[0] ?? ''

/** Changes that a second plan still finds. Everything was read anew when the hosts were unlocked. */
async function proof({ bench, playbook, registry }: Planned): Promise<number> {
  const vars = await neededScope(bench, playbook.needs)
  const { summary } = await planWith(bench, playbook, registry, vars)
  return summary.changed + summary.unknown + summary.failed
}
