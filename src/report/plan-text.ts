import type { EngineEvent } from '../engine/events.ts'
import type { Impact } from '../engine/impact.ts'
import { IMPACTS, worse, worst } from '../engine/impact.ts'
import { formatDuration } from '../lib/duration.ts'
import { changeLines, markOf } from './changes.ts'
import type { Mark, PlanLine } from './changes.ts'
import { failureLines } from './failure.ts'
import { collect, isChange } from './model.ts'
import type { Changed, RunModel } from './model.ts'
import type { Paint, Tone } from './paint.ts'
import { count, fold, wrap } from './words.ts'

export interface PlanTextOptions {
  /** What is planned, e.g. `pgcluster · 3 hosts`' first half: the cluster's name, with its stack. */
  readonly title: string
  /** The command that makes the changes; the plan adds `--allow IMPACT` where it is needed. */
  readonly apply?: string
  /** Unified diffs of texts. */
  readonly diff?: boolean
  /** Columns of the terminal. */
  readonly width: number
  readonly paint: Paint
}

/** Room for the longest impact at the right. */
const IMPACT_COLUMN = 16

const MARK_TONE: Readonly<Record<Mark, Tone>> = {
  '+': 'green',
  '~': 'yellow',
  '-': 'red',
  '>': 'cyan',
  '?': 'cyan',
}

/** The change without its host: what is the same on several hosts is told once. */
const sameness = ({ task, result }: Changed): string =>
  JSON.stringify([
    task.repr,
    task.source,
    result.status === 'changed'
      ? result.changes.map(({ field, from, to }) => [field, from, to])
      : result.because,
  ])

/** Changes that are the same on several hosts, then those groups by their hosts, in order of appearance. */
function groupByHosts(changes: readonly Changed[]): Map<string, Changed[][]> {
  const same = new Map<string, Changed[]>()
  for (const change of changes) {
    const key = sameness(change)
    same.set(key, [...(same.get(key) ?? []), change])
  }
  const byHosts = new Map<string, Changed[][]>()
  for (const group of same.values()) {
    const hosts = [...new Set(group.map((change) => change.task.host))].join(' ')
    byHosts.set(hosts, [...(byHosts.get(hosts) ?? []), group])
  }
  return byHosts
}

/** One word for the impacts on several hosts: `restart` stands for both kinds, else the worst. */
function impactWord(impacts: readonly Impact[]): string {
  const kinds = new Set(impacts)
  if (kinds.size === 2 && kinds.has('restart-standby') && kinds.has('restart-primary')) return 'restart'
  return worst(impacts)
}

function render(line: PlanLine, options: PlanTextOptions, tone?: Tone): string {
  const { paint } = options
  const painted = tone === undefined ? line.text : paint(tone, line.text.slice(0, 1)) + line.text.slice(1)
  if (line.impacts === undefined) return `  ${painted}`
  const word = impactWord(line.impacts)
  const room = ' '.repeat(Math.max(2, options.width - IMPACT_COLUMN - 2 - line.text.length))
  const loud = IMPACTS.indexOf(worst(line.impacts)) > IMPACTS.indexOf('reload')
  return `  ${painted}${room}${loud ? paint('yellow', word) : word}`
}

function hostBlock(hosts: string, groups: readonly Changed[][], options: PlanTextOptions): string[] {
  const room = options.width - IMPACT_COLUMN - 4
  const heading = wrap(hosts.split(' '), ' ', options.width).map((line) => options.paint('bold', line))
  const body = groups.flatMap((group) => {
    const [head] = group
    const tone = head === undefined ? undefined : MARK_TONE[markOf(head)]
    return changeLines(group, { diff: options.diff === true, width: room }).map((line, at) =>
      render(line, options, at === 0 ? tone : undefined),
    )
  })
  return [...heading, ...body]
}

/** What applying interrupts, host by host and mildest first. */
function impactSentence(changes: readonly Changed[]): string {
  const byHost = new Map<string, Impact>()
  for (const { task, result } of changes) {
    byHost.set(task.host, worse(byHost.get(task.host) ?? 'none', result.impact))
  }
  const parts = IMPACTS.filter((impact) => impact !== 'none').flatMap((impact) => {
    const hosts = [...byHost].filter(([, worstOf]) => worstOf === impact).map(([host]) => host)
    return hosts.length === 0 ? [] : [`${impact} ${hosts.join(', ')}`]
  })
  return `Impact: ${parts.length === 0 ? 'none' : parts.join(', then ')}.`
}

function counts(model: RunModel, changes: readonly Changed[]): string {
  const { summary } = model
  const hosts = new Set(changes.map((change) => change.task.host)).size
  const parts = [
    `${count(changes.length, 'change')} on ${count(hosts, 'host')}`,
    `${summary?.ok ?? 0} in place`,
    ...(summary?.unknown ? [`${summary.unknown} of the changes known only after apply`] : []),
    ...(summary?.failed ? [`${summary.failed} failed`] : []),
    ...(summary?.unreachable ? [`${count(summary.unreachable, 'host')} unreachable`] : []),
  ]
  return `${parts.join(', ')}.`
}

/** The command that applies the plan, with the consent its worst impact needs. */
function applyCommand(command: string, changes: readonly Changed[]): string {
  const impact = worst(changes.map((change) => change.result.impact))
  const consent = IMPACTS.indexOf(impact) > IMPACTS.indexOf('reload') ? ` --allow ${impact}` : ''
  return `Apply with: ${command}${consent}`
}

const noticeLines = ({ notices }: RunModel, width: number): string[] =>
  notices.flatMap(({ level, host, text }) =>
    fold(`${level === 'warning' ? '! ' : ''}${host === undefined ? '' : `${host}: `}${text}`, width),
  )

/** The plan as a person reads it: changes grouped by hosts, their impact, and the command that makes them. */
export function planText(events: Iterable<EngineEvent>, options: PlanTextOptions): string {
  const model = collect(events)
  const changes = model.outcomes.filter(isChange)
  const failures = failureLines(model, options)
  const hosts = count(model.start?.hosts.length ?? 0, 'host')
  const read = `${options.title} · ${hosts} read in ${formatDuration(model.summary?.ms ?? 0)}`
  const notices = noticeLines(model, options.width)
  if (changes.length === 0 && failures.length === 0) {
    const place = `in place: ${model.summary?.ok ?? 0} · nothing to change`
    return [...notices, ...wrap([read, place], ' · ', options.width), ''].join('\n')
  }
  const blocks = [...groupByHosts(changes)].flatMap(([names, groups]) => hostBlock(names, groups, options))
  const command = options.apply !== undefined && failures.length === 0
  return [
    read,
    ...notices,
    '',
    ...(blocks.length > 0 ? [...blocks, ''] : []),
    ...failures,
    counts(model, changes),
    ...fold(impactSentence(changes), options.width),
    ...(command ? [applyCommand(options.apply, changes)] : []),
    '',
  ].join('\n')
}
