import type { BenchOptions } from '../app/bench.ts'
import type { PlanEvents } from '../app/plan.ts'
import type { Target } from '../app/target.ts'
import { standingOf } from '../app/standing.ts'
import type { ClusterStatus } from '../cluster/status.ts'
import type { RunVerdict } from '../engine/events.ts'
import { quote } from '../lib/quote.ts'
import { paint, print, printJson, size } from './io.ts'
import type { Listing } from './list-tasks.ts'
import type { GlobalOptions } from './options.ts'

/** The options that `plan` and `apply` share. */
export interface PlanOptions extends GlobalOptions, BenchOptions, Listing {
  readonly cluster?: string
  readonly playbook?: string
  readonly diff?: boolean
  readonly secretsKey?: string
}

/** The heading of a target: its cluster and stack, or the inventory. */
const titleOf = (target: Target): string =>
  target.cluster ? `${target.cluster.name} · ${target.cluster.stack}` : target.inventory.file

/** Prints a plan in the wanted form. */
export async function printPlan(
  planned: PlanEvents & { readonly bench: { readonly target: Target }; readonly status?: ClusterStatus },
  options: Pick<PlanOptions, 'format' | 'diff'>,
  apply: string | undefined,
): Promise<void> {
  if (options.format === 'json' || options.format === 'jsonl') {
    const { runJson } = await import('../report/json.ts')
    const verdict = planned.status && standingOf(planned.status)
    if (options.format === 'json')
      return printJson({ ...runJson(planned.events), ...(verdict && { verdict }) })
    for (const event of planned.events) await printJson(event, 'jsonl')
    if (verdict) await printJson({ kind: 'verdict', ...verdict }, 'jsonl')
    return
  }
  const { planText } = await import('../report/plan-text.ts')
  const text = planText(planned.events, {
    title: titleOf(planned.bench.target),
    ...(apply !== undefined && { apply }),
    diff: options.diff === true,
    width: size().columns,
    paint: paint(),
  })
  await print(text.trimEnd())
  if (planned.status) await printVerdict(standingOf(planned.status))
}

/** Prints how a cluster is, with what mends it. */
export async function printVerdict(verdict: RunVerdict): Promise<void> {
  const { verdictText } = await import('../report/verdict-text.ts')
  await print(verdictText(verdict, { width: size().columns, paint: paint() }).trimEnd())
}

/** The apply that does what a plan showed: with the same choice of hosts and tasks. */
export function applyCommand(file: string, options: PlanOptions): string {
  const chosen: Readonly<Record<string, string | undefined>> = {
    cluster: options.cluster,
    limit: options.limit,
    tags: options.tags?.join(','),
    'skip-tags': options.skipTags?.join(','),
    'extra-vars': options.over && JSON.stringify(options.over),
    playbook: options.playbook,
    'start-at': options.startAt,
  }
  const given = Object.entries(chosen).filter(([, value]) => value !== undefined)
  return [
    'hactl apply',
    quote(file),
    ...given.map(([name, value]) => `--${name} ${quote(value ?? '')}`),
  ].join(' ')
}
