import { formatDuration } from '../lib/duration.ts'
import type { Paint } from './paint.ts'
import type { HostProgress, Progress, Running } from './progress.ts'
import { clip, count } from './words.ts'

/** What one row of the live block says; the state decides which rows stay when there is no room for all. */
export interface Row {
  readonly host: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  readonly text: string
}

export interface FrameSize {
  readonly columns: number
  readonly rows: number
}

/** More rows than this would push away what happened before. */
const MOST_ROWS = 16
/** So that the time and the counters behind it stay in sight. */
const LONGEST_TASK = 40
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

const counters = ({ changed, inPlace, skipped }: HostProgress): string =>
  [
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(inPlace > 0 ? [`${inPlace} in place`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ].join(', ')

/** What a task waits for, where it is known. */
const seenOf = ({ seen, slow }: Running): string =>
  seen === undefined ? '' : `  · ${seen.split('\n')[0] ?? ''}${slow === 'busy' ? ' (busy)' : ''}`

/** The row of a host: its failure, or its oldest running task and for how long, and its counters. */
export function rowOf(progress: HostProgress, now: number): Row {
  const { host, running, failed, connected } = progress
  if (failed !== undefined) return { host, state: 'failed', text: failed.summary }
  const [oldest] = running
  if (oldest === undefined) {
    const idle = connected ? 'done' : 'waiting'
    return { host, state: idle, text: counters(progress) || (connected ? '' : 'connecting') }
  }
  const age = now - oldest.since
  const more = running.length > 1 ? ` and ${running.length - 1} more` : ''
  const time = age >= 1000 ? `  ${formatDuration(Math.floor(age / 1000) * 1000).replace('.0', '')}` : ''
  const tail = counters(progress)
  return {
    host,
    state: 'running',
    text: `${clip(oldest.seen === undefined ? oldest.task.repr : oldest.task.name, LONGEST_TASK)}${more}${time}${seenOf(oldest)}${tail === '' ? '' : `  · ${tail}`}`,
  }
}

const IMPORTANCE: Readonly<Record<Row['state'], number>> = { failed: 0, running: 1, waiting: 2, done: 3 }

/** The rows there is room for: failed first, then running, in the order of the hosts. */
function select(rows: readonly Row[], room: number): { shown: readonly Row[]; hidden: readonly Row[] } {
  if (rows.length <= room) return { shown: rows, hidden: [] }
  const byImportance = [...rows].sort((a, b) => IMPORTANCE[a.state] - IMPORTANCE[b.state])
  const chosen = new Set(byImportance.slice(0, Math.max(0, room - 1)))
  return { shown: rows.filter((row) => chosen.has(row)), hidden: rows.filter((row) => !chosen.has(row)) }
}

function hiddenLine(hidden: readonly Row[]): string {
  const number = (state: Row['state']): number => hidden.filter((row) => row.state === state).length
  const parts = (['failed', 'running', 'waiting', 'done'] as const)
    .filter((state) => number(state) > 0)
    .map((state) => `${number(state)} ${state}`)
  return `  … ${count(hidden.length, 'more host')}: ${parts.join(', ')}`
}

function icon(state: Row['state'], tick: number, paint: Paint): string {
  switch (state) {
    case 'failed':
      return paint('red', '✗')
    case 'running':
      return paint('cyan', SPINNER[tick % SPINNER.length] ?? '')
    case 'done':
      return paint('green', '✔')
    case 'waiting':
      return paint('dim', '·')
  }
}

/**
 * The live block: a heading and one row a host. At most two rows lower than the terminal and never wider, so
 * that it can be drawn over itself; hosts without room are counted.
 */
export function frame(
  heading: string,
  rows: readonly Row[],
  size: FrameSize,
  look: { readonly paint: Paint; readonly tick: number },
): string[] {
  const room = Math.max(1, Math.min(MOST_ROWS, size.rows - 2) - 1)
  const { shown, hidden } = select(rows, room)
  const pad = Math.min(24, Math.max(0, ...rows.map((row) => row.host.length)))
  const width = size.columns - 1
  return [
    look.paint('bold', clip(heading, width)),
    ...shown.map(({ host, state, text }) => {
      const line = clip(`${clip(host, pad).padEnd(pad)}  ${text}`, Math.max(1, width - 4)).trimEnd()
      return `  ${icon(state, look.tick, look.paint)} ${line}`
    }),
    ...(hidden.length > 0 ? [look.paint('dim', clip(hiddenLine(hidden), width))] : []),
  ]
}

/** The heading of the live block. */
export function headingOf(progress: Progress, elapsedMs: number): string {
  const hosts = [...progress.hosts.values()]
  const working = hosts.filter((host) => host.running.length > 0).length
  const what = progress.play ?? (progress.mode === 'plan' ? 'Reading' : 'Connecting')
  return `${what} · ${working} of ${count(hosts.length, 'host')} at work · ${formatDuration(Math.floor(elapsedMs / 1000) * 1000).replace('.0', '')}`
}
