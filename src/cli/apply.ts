import { carryOut, isWithin, keptLock, pendingOf, type Applied } from '../app/apply.ts'
import type { Caller } from '../app/caller.ts'
import type { Ahead } from '../app/lock.ts'
import { isSound, makePlan, requireSound, type Planned } from '../app/plan.ts'
import { deployment } from '../app/playbooks.ts'
import { standingOf } from '../app/standing.ts'
import { endOf, exitOf } from '../app/summary.ts'
import { openTargets, type Target } from '../app/target.ts'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import { worse, type Impact } from '../engine/impact.ts'
import { terminal } from './caller.ts'
import { interrupt } from './interrupt.ts'
import { confirm, paint, print, printJson, setExit, size } from './io.ts'
import { withExtraVars } from './extra-vars.ts'
import { listed } from './list-tasks.ts'
import { applyCommand, printPlan, printVerdict, type PlanOptions } from './show-plan.ts'
import { openView } from './view.ts'

export interface ApplyOptions extends PlanOptions {
  readonly yes?: boolean
  readonly allow?: Impact
  readonly check?: boolean
  readonly resume?: string | boolean
}

interface Call {
  readonly file: string
  readonly options: ApplyOptions
  readonly caller: Caller
}

/** `hactl apply`: the plan, then the change, then the proof that a second plan is empty. */
export async function applyVerb(file: string, asked: ApplyOptions): Promise<void> {
  const options = withExtraVars(asked)
  const caller = terminal()
  for (const target of await openTargets(file, options, caller)) {
    await applyTarget(target, { file, options, caller })
    if (interrupt.happened()) return
  }
}

async function applyTarget(target: Target, { file, options, caller }: Call): Promise<void> {
  const isCheck = options.check === true
  const playbook = deployment(target, options)
  if (await listed(playbook, options)) return
  const planned = await makePlan({ target, file: playbook, options, caller, locks: !isCheck })
  const { bench, summary } = planned
  try {
    const pending = pendingOf(planned)
    const isText = (options.format ?? 'text') === 'text'
    // A plan that failed is all there is to show, in every format.
    if (isText || isCheck || pending === 0 || !isSound(planned))
      await printPlan(planned, options, isCheck ? applyCommand(file, options) : undefined)
    requireSound(planned)
    if (pending === 0 || isCheck) {
      // Nothing to change is no success where the cluster does not work.
      setExit(isCheck ? exitOf(summary) : endOf(summary, behindOf(planned)))
      return
    }
    const ahead = await keptLock(planned, isWithin(summary.impact, given(options)))
    const allowed = await consent(summary.impact, options)
    await change(planned, { file, options, allowed, ...(ahead && { ahead }) })
  } finally {
    await bench.opened.close()
  }
}

const behindOf = ({ status }: Planned): Parameters<typeof endOf>[1] =>
  status ? { standing: standingOf(status) } : {}

type Consent = Pick<ApplyOptions, 'allow' | 'yes'>

const given = ({ allow, yes }: Consent): Impact =>
  worse(yes === true ? 'switchover' : 'reload', allow ?? 'none')

/** What the operator agreed to: `--allow`, `--yes` (not destructive), or an answer. Up to `reload` needs none. */
async function consent(impact: Impact, options: Consent): Promise<Impact> {
  if (isWithin(impact, given(options))) return given(options)
  const flag = `--allow ${impact}`
  if (await confirm(`This means ${impact}. Apply it?`, { flag })) return impact
  throw new HactlError(
    problem('refused/not-confirmed', 'nothing was changed', { hint: `agree with ${flag}` }),
    EXIT.refused,
  )
}

interface Change {
  readonly file: string
  readonly options: ApplyOptions
  readonly allowed: Impact
  /** The lock that is held since before the plan. */
  readonly ahead?: Ahead
}

async function change(planned: Planned, { file, options, allowed, ahead }: Change): Promise<void> {
  const view = await openView(options)
  interrupt.canFinish(() => 'the running steps')
  let applied: Applied
  try {
    applied = await carryOut(planned, { allowed, emit: view.emit, ...(ahead && { ahead }) })
  } finally {
    await view.close()
  }
  const { events, summary, pending, verdict } = applied
  if (options.format === 'json') {
    const { runJson } = await import('../report/json.ts')
    await printJson({ ...runJson(events), pending, ...(verdict && { verdict }) })
  } else if (options.format !== 'jsonl') {
    const { applySummary } = await import('../report/apply-summary.ts')
    const command = applyCommand(file, options)
    const more = { command, width: size().columns, paint: paint(), ...(pending !== undefined && { pending }) }
    await print(applySummary(events, more).trimEnd())
    if (verdict) await printVerdict(verdict)
  }
  const behind = { ...(pending !== undefined && { pending }), ...(verdict && { standing: verdict }) }
  setExit(endOf(summary, behind))
}
