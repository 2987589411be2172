import { isRefused, judge, type Requirement, type Verdict } from '../cluster/require.ts'
import type { ClusterStatus } from '../cluster/status.ts'
import { HactlError, problem } from '../diag/diagnostic.ts'
import type { EngineEvent, RunSummary } from '../engine/events.ts'
import type { Impact } from '../engine/impact.ts'
import { journalDir, listRuns } from '../engine/journal.ts'
import type { Playbook } from '../engine/playbook.ts'
import type { Scope } from '../template/template.ts'
import type { Bench } from './bench.ts'
import { pickHosts } from './params.ts'
import type { ReadPlaybook } from './playbooks.ts'
import { applyRun } from './run.ts'
import { readNeeds, refreshStatus } from './status.ts'
import { isNoWorse, settled, standingOf, type Standing } from './standing.ts'
import { requireWhole } from './whole.ts'
import type { Target } from './target.ts'

type Params = Readonly<Record<string, unknown>>

/** A runbook that could be started: nothing is touched yet. */
export interface Prepared {
  readonly vars: Scope
  /** What it requires, each with the reason when it is not met. */
  readonly verdicts: readonly Verdict[]
  /** What the operator has to agree to. */
  readonly question?: string
  /** The cluster as it is; absent where the runbook does not ask for it. */
  readonly status?: ClusterStatus
}

/** Reads the status and judges the requirements of a runbook. Writes nothing. */
export async function prepare(bench: Bench, playbook: Playbook, given: Params): Promise<Prepared> {
  const picks = Object.values(playbook.params).some(({ pick }) => pick !== undefined)
  const isAsked = picks || playbook.require.length > 0 || playbook.needs.length > 0
  const needed = isAsked ? await readNeeds(bench, playbook.needs) : undefined
  const status = needed?.status
  if (status) requireWhole(bench, status)
  const params = status ? pickHosts(playbook, given, status) : given
  const vars: Scope = { params, ...needed?.scope }
  const scope: Scope = { ...bench.target.vars, ...vars }
  const verdicts = status ? judged(bench, playbook, status, scope) : []
  const known = { vars, verdicts, ...(status && { status }) }
  if (playbook.confirm === undefined || isRefused(verdicts)) return known
  const question = bench.templates.render(playbook.confirm, scope, playbook.where(['confirm']))
  return { ...known, question: String(question) }
}

function judged(bench: Bench, playbook: Playbook, status: ClusterStatus, scope: Scope): readonly Verdict[] {
  const origin = (path: readonly (string | number)[]) => playbook.where(['require', ...path])
  const needs = bench.templates.renderAll(playbook.require, scope, origin) as readonly Requirement[]
  // A requirement on an optional host that was not given does not apply.
  return judge(
    status,
    needs.filter((need) => !('host' in need) || Boolean(need.host)),
  )
}

/** Parameters of the last run of the same runbook that did not end well. Throws HactlError when there is none. */
export function lastParams(target: Target, playbook: Playbook): Readonly<Record<string, string>> {
  const runs = listRuns(journalDir(target.inventory.dir)).toReversed()
  for (const { lines } of runs) {
    const start = lines[0]?.event
    if (start?.kind !== 'run-start' || start.playbook !== playbook.file) continue
    const ended = lines.some(({ event }) => event.kind === 'run-end' && event.summary.outcome === 'done')
    if (ended) break
    const notice = lines.map(({ event }) => event).find((event) => event.kind === 'run-params')
    return notice?.kind === 'run-params' ? notice.params : {}
  }
  throw new HactlError(
    problem('run/nothing-to-resume', `no run of "${playbook.name}" was cut off`, { hint: 'hactl history' }),
  )
}

export interface RunbookInput {
  readonly vars: Scope
  readonly allowed: Impact
  readonly emit: (event: EngineEvent) => void
  /** The cluster before the runbook, where it was read. */
  readonly before?: ClusterStatus
}

export interface RunbookEnd {
  readonly events: readonly EngineEvent[]
  readonly summary: RunSummary
  /** How the cluster is now; absent after an interrupted run. */
  readonly verdict?: Standing
  /** The runbook ended well and promised a cluster that works, and it does not. */
  readonly isBroken: boolean
}

const isKept = (before: ClusterStatus | undefined, after: ClusterStatus): boolean =>
  after.health === 'healthy' || (before !== undefined && isNoWorse(before, after))

/** The status behind a run; a promised one is given the time to come to rest. */
async function judgedAfter(
  bench: Bench,
  { emit, before }: RunbookInput,
  { promises }: Playbook,
  { outcome }: RunSummary,
): Promise<ClusterStatus> {
  if (promises === undefined || outcome !== 'done') return refreshStatus(bench)
  const patience = bench.options.patience ?? 1
  return settled(bench, { emit, patience, enough: (after) => isKept(before, after) })
}

/** Carries a runbook out, with the lock of its cluster and a journal that knows its parameters. */
export async function runRunbook(
  bench: Bench,
  { playbook, registry }: ReadPlaybook,
  input: RunbookInput,
): Promise<RunbookEnd> {
  const { vars, allowed, before } = input
  const events: EngineEvent[] = []
  const emit = (event: EngineEvent): void => {
    events.push(event)
    input.emit(event)
  }
  const params = Object.fromEntries(
    Object.entries((vars['params'] ?? {}) as Params)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  )
  const summary = await applyRun(bench, { playbook, registry, allowed, emit, vars, params })
  const { soft, hard } = bench.caller
  if (soft.aborted || hard.aborted) return { events, summary, isBroken: false }
  const after = await judgedAfter(bench, { ...input, emit }, playbook, summary)
  emit({ kind: 'verdict', ...standingOf(after) })
  const isBroken = playbook.promises === 'healthy' && summary.outcome === 'done' && !isKept(before, after)
  return { events, summary, verdict: standingOf(after), isBroken }
}
