import type { EngineEvent, RunSummary } from '../engine/events.ts'
import { formatDuration } from '../lib/duration.ts'
import { changeLines } from './changes.ts'
import { failureLines } from './failure.ts'
import { collect, isChange } from './model.ts'
import type { Changed, RunModel } from './model.ts'
import type { Paint } from './paint.ts'
import { nameHosts } from './rollup.ts'
import { table } from './table.ts'
import { count, playbookName } from './words.ts'

/** One run as its journal holds it. */
export interface PastRun {
  readonly id: string
  readonly events: readonly EngineEvent[]
  /** False when lines were altered or are missing. */
  readonly intact: boolean
}

export interface HistoryOptions {
  readonly width: number
  readonly paint: Paint
}

/** What a run came to in a word or two; one without an end was killed, or still goes on. */
function resultOf(summary: RunSummary | undefined): readonly string[] {
  if (summary === undefined) return ['did not end']
  const { outcome, changed, failed, unreachable } = summary
  const counts = [
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(unreachable > 0 ? [`${unreachable} unreachable`] : []),
  ]
  if (outcome === 'done') return counts.length === 0 ? ['nothing to change'] : counts
  return [outcome, ...counts.filter((each) => !each.endsWith(outcome))]
}

/** UTC to the minute: the same in every place the inventory is checked out. */
const minute = (iso: string | undefined): string => iso?.slice(0, 16).replace('T', ' ') ?? '–'

/** One run as an object for `--format json`. */
export function runHead({ id, events, intact }: PastRun): Readonly<Record<string, unknown>> {
  const { start, params, summary } = collect(events)
  return {
    run: id,
    at: start?.at,
    by: start?.by,
    mode: start?.mode,
    playbook: start?.playbook,
    hosts: start?.hosts,
    params,
    ...(start?.resumes !== undefined && { resumes: start.resumes }),
    summary,
    intact,
  }
}

/** The list of runs, one a line, in the order given. */
export function historyText(runs: readonly PastRun[], options: HistoryOptions): string {
  if (runs.length === 0) return 'No runs yet.\n'
  const rows = runs.map((run) => ({ run, model: collect(run.events) }))
  const lines = table(
    [
      { title: 'run', cell: ({ run }) => run.id },
      { title: 'when (UTC)', cell: ({ model }) => minute(model.start?.at) },
      { title: 'who', cell: ({ model }) => model.start?.by ?? '–' },
      {
        title: 'what',
        cell: ({ model }) =>
          `${model.start?.mode ?? '–'} ${playbookName(model.start?.playbook ?? '')}`.trim(),
      },
      { title: 'took', cell: ({ model }) => (model.summary ? formatDuration(model.summary.ms) : '–') },
      {
        title: 'result',
        cell: ({ run, model }) => [...resultOf(model.summary), ...(run.intact ? [] : ['journal damaged'])],
      },
    ],
    rows,
    options.width,
  )
  const [head = '', ...rest] = lines
  return [options.paint('dim', head), ...rest, ''].join('\n')
}

function headLines({ id, intact }: PastRun, model: RunModel, width: number): string[] {
  const { start, summary } = model
  const params = Object.entries(model.params).map(([name, value]) => `${name} ${value}`)
  const result = resultOf(summary).join(', ')
  const origin = start
    ? [
        `run ${id} · ${start.mode} ${playbookName(start.playbook)} · ${minute(start.at)} UTC · ${start.by}`,
        `on ${nameHosts(start.hosts, width - 3)}`,
        ...(params.length > 0 ? [`with ${params.join(', ')}`] : []),
        ...(start.resumes === undefined ? [] : [`continues run ${start.resumes}`]),
      ]
    : [`run ${id}`]
  return [
    ...origin,
    ...(intact ? [] : ['! the journal of this run was altered or is cut off']),
    summary === undefined ? result : `${result} in ${formatDuration(summary.ms)}`,
  ]
}

/** The changes of one run, host by host in the order they were made. */
function changesOf(changes: readonly Changed[], options: HistoryOptions, diff: boolean): string[] {
  const hosts = [...new Set(changes.map(({ task }) => task.host))]
  return hosts.flatMap((host) => [
    options.paint('bold', host),
    ...changes
      .filter(({ task }) => task.host === host)
      .flatMap((change) => changeLines([change], { diff, width: options.width - 2 }))
      .map(({ text }) => `  ${text}`),
  ])
}

/** One run: who, when, on what, every change with its values, every failure. */
export function runText(run: PastRun, options: HistoryOptions & { readonly diff: boolean }): string {
  const model = collect(run.events)
  const changes = changesOf(model.outcomes.filter(isChange), options, options.diff)
  const failures = failureLines(model, options)
  const place = model.summary ? [`${count(model.summary.ok, 'task')} in place.`] : []
  return [
    ...headLines(run, model, options.width),
    ...(changes.length > 0 ? ['', ...changes] : []),
    ...(failures.length > 0 ? ['', ...failures] : []),
    '',
    ...place,
    '',
  ].join('\n')
}
