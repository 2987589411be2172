import { isRefused, judge, type Requirement, type Verdict } from '../cluster/require.ts'
import type { ClusterStatus } from '../cluster/status.ts'
import { HactlError, problem } from '../diag/diagnostic.ts'
import type { EngineEvent, RunSummary } from '../engine/events.ts'
import type { Impact } from '../engine/impact.ts'
import { journalDir, listRuns } from '../engine/journal.ts'
import type { Playbook } from '../engine/playbook.ts'
import type { Scope } from '../template/template.ts'
import type { Bench } from './bench.ts'
import type { ReadPlaybook } from './playbooks.ts'
import { applyRun } from './run.ts'
import { readNeeds } from './status.ts'
import type { Target } from './target.ts'

type Params = Readonly<Record<string, unknown>>

/** A runbook that could be started: nothing is touched yet. */
export interface Prepared {
  readonly vars: Scope
  /** What it requires, each with the reason when it is not met. */
  readonly verdicts: readonly Verdict[]
  /** What the operator has to agree to. */
  readonly question?: string
}

/** Reads the status and judges the requirements of a runbook. Writes nothing. */
export async function prepare(bench: Bench, playbook: Playbook, params: Params): Promise<Prepared> {
  const isAsked = playbook.require.length > 0 || playbook.needs.length > 0
  const needed = isAsked ? await readNeeds(bench, playbook.needs) : undefined
  const status = needed?.status
  const vars: Scope = { params, ...needed?.scope }
  const scope: Scope = { ...bench.target.vars, ...vars }
  const verdicts = status ? judged(bench, playbook, status, scope) : []
  if (playbook.confirm === undefined || isRefused(verdicts)) return { vars, verdicts }
  const question = bench.templates.render(playbook.confirm, scope, playbook.where(['confirm']))
  return { vars, verdicts, question: String(question) }
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
}

/** Carries a runbook out, with the lock of its cluster and a journal that knows its parameters. */
export async function runRunbook(
  bench: Bench,
  { playbook, registry }: ReadPlaybook,
  { vars, allowed, emit }: RunbookInput,
): Promise<RunSummary> {
  const params = Object.fromEntries(
    Object.entries((vars['params'] ?? {}) as Params)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  )
  return applyRun(bench, { playbook, registry, allowed, emit, vars, params })
}
