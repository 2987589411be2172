import { isEnd, type EngineEvent, type TaskRef } from '../engine/events.ts'
import { formatDuration } from '../lib/duration.ts'
import { whatOf } from './failure.ts'
import { follow, nothingYet } from './progress.ts'
import type { HostProgress, Running } from './progress.ts'
import { playbookName } from './words.ts'
import { realClock } from './view.ts'
import type { Clock, View } from './view.ts'

export interface PlainOptions {
  readonly write: (line: string) => void
  /** For what is only worth knowing while one waits; default `write`. */
  readonly progress?: (line: string) => void
  /** 0: changes, failures, what takes long. 1: commands' output too. 2: every task. */
  readonly verbose: number
  readonly clock?: Clock
}

/** What runs longer than this is named. */
const FIRST_MS = 2000
/** Something else to say about it is said after so long; the same again only after three times as long as before. */
const AGAIN_MS = 10_000
const RARER = 3

function resultLine(
  event: Extract<EngineEvent, { kind: 'task-result' }>,
  verbose: number,
): string | undefined {
  const { task, result, ms } = event
  const what = 'error' in result ? whatOf(task, result.error) : task.repr
  const head = `${task.host} · ${what}`
  switch (result.status) {
    case 'changed':
      return `${head} changed${ms < 1000 ? '' : ` in ${formatDuration(ms)}`}`
    case 'failed':
    case 'unreachable':
      return `${head} ${result.status}: ${result.error.summary}`
    case 'skipped':
    case 'unknown':
      return verbose > 1 ? `${head} ${result.status}: ${result.because}` : undefined
    case 'ok':
      return verbose > 1 ? `${head} in place` : undefined
  }
}

type Notice = Extract<EngineEvent, { kind: 'notice' }>
const noticeLine = ({ host, level, text }: Notice): string =>
  `${host === undefined ? '' : `${host} · `}${level === 'warning' ? 'warning: ' : ''}${text}`

/** What is worth a line at -v and -vv only. */
function detailLine(event: EngineEvent, verbose: number): string | undefined {
  if (event.kind === 'output' && verbose > 0) {
    return `${event.task.host} · ${event.task.repr} $ ${event.command}\n${indent(event.text)}`
  }
  if (event.kind === 'host-connected' && verbose > 1) {
    return `${event.host} connected in ${formatDuration(event.ms)}`
  }
  return undefined
}

function taskLine(
  event: Extract<EngineEvent, { readonly task: TaskRef }>,
  verbose: number,
): string | undefined {
  switch (event.kind) {
    case 'task-result':
      return resultLine(event, verbose)
    case 'output':
      return detailLine(event, verbose)
    case 'task-start':
    case 'task-wait':
      return undefined
  }
}

/** The line an event of a change is worth, if any. */
function lineOf(event: EngineEvent, verbose: number): string | undefined {
  if (isEnd(event)) return undefined
  if ('task' in event) return taskLine(event, verbose)
  switch (event.kind) {
    case 'run-start':
      return `run ${event.run} · ${playbookName(event.playbook)} · ${event.hosts.join(' ')}`
    case 'play-start':
      return `play ${event.play} · ${event.hosts.join(' ')}`
    case 'host-unreachable':
      return `${event.host} unreachable: ${event.error.summary}`
    case 'host-failed':
      return `${event.host} failed: ${event.error.summary}`
    case 'notice':
      return noticeLine(event)
    case 'host-connected':
      return detailLine(event, verbose)
    case 'run-params':
      return undefined
  }
}

const indent = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')

/** A host with the task that it is at. */
interface AtWork {
  readonly host: string
  readonly running: Running
}

/** What was said of a task, and when. */
interface Told {
  readonly text: string
  readonly at: number
  readonly pauseMs: number
}

/** Hosts by the task they are at. Tasks of a host that are read together are one: only the oldest is named. */
function groupsOf(hosts: readonly HostProgress[]): ReadonlyMap<string, readonly AtWork[]> {
  const groups = new Map<string, AtWork[]>()
  for (const { host, running } of hosts) {
    const [oldest] = running
    if (oldest === undefined) continue
    const { play, name, repr, source } = oldest.task
    const key = JSON.stringify([play, name, repr, source])
    groups.set(key, [...(groups.get(key) ?? []), { host, running: oldest }])
  }
  return groups
}

const SLOW = { busy: 'the host is busy, so it goes on', moving: 'something moves, so it goes on' }

/** Hosts of which the same is to be said, together. */
function progressText(group: readonly AtWork[]): string {
  const hosts = new Map<string, string[]>()
  for (const { host, running } of group) {
    const { seen, slow } = running
    const words = [seen?.split('\n')[0], slow && SLOW[slow]].filter((word) => word !== undefined).join('; ')
    hosts.set(words, [...(hosts.get(words) ?? []), host])
  }
  const name = group[0]?.running.task.name ?? ''
  const parts = [...hosts].map(([words, names]) => `${names.join(' ')}${words === '' ? '' : `: ${words}`}`)
  return `${name} · ${parts.join(' · ')}`
}

/** What is to be said of a task now; undefined: nothing yet, or nothing new. */
function nextOf(last: Told | undefined, group: readonly AtWork[], now: number): Told | undefined {
  const text = progressText(group)
  if (last === undefined) {
    const isDue = group.some(({ running }) => now - running.since >= FIRST_MS)
    return isDue ? { text, at: now, pauseMs: AGAIN_MS } : undefined
  }
  const isNew = text !== last.text
  if (now - last.at < (isNew ? AGAIN_MS : last.pauseMs)) return undefined
  return { text, at: now, pauseMs: isNew ? AGAIN_MS : last.pauseMs * RARER }
}

/** Lines for people and logs without a terminal: changes, failures, and what takes long. */
export function plainView(options: PlainOptions): View {
  const { write, verbose, clock = realClock } = options
  const tellProgress = options.progress ?? write
  let progress = nothingYet
  const told = new Map<string, Told>()
  const stop = clock.every(500, () => {
    const groups = groupsOf([...progress.hosts.values()])
    for (const key of told.keys()) if (!groups.has(key)) told.delete(key)
    for (const [key, group] of groups) {
      const next = nextOf(told.get(key), group, clock.now())
      if (!next) continue
      told.set(key, next)
      const since = Math.min(...group.map(({ running }) => running.since))
      tellProgress(`${next.text} (${formatDuration(clock.now() - since)})`)
    }
  })
  return {
    emit: (event) => {
      progress = follow(progress, event, clock.now())
      // What a plan found is told by the plan itself.
      const line = progress.mode === 'plan' ? detailLine(event, verbose) : lineOf(event, verbose)
      if (line !== undefined) write(line)
    },
    log: write,
    pause: () => undefined,
    resume: () => undefined,
    close: async () => {
      stop()
      await Promise.resolve()
    },
  }
}
