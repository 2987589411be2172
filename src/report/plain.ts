import { isEnd, type EngineEvent } from '../engine/events.ts'
import { formatDuration } from '../lib/duration.ts'
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

/** What runs longer than this is named, and again after every longer interval. */
const FIRST_MS = 2000
const AGAIN_MS = 10_000

function resultLine(
  event: Extract<EngineEvent, { kind: 'task-result' }>,
  verbose: number,
): string | undefined {
  const { task, result, ms } = event
  const head = `${task.host} · ${task.repr}`
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

/** The line an event of a change is worth, if any. */
function lineOf(event: EngineEvent, verbose: number): string | undefined {
  if (isEnd(event)) return undefined
  switch (event.kind) {
    case 'run-start':
      return `run ${event.run} · ${playbookName(event.playbook)} · ${event.hosts.join(' ')}`
    case 'play-start':
      return `play ${event.play} · ${event.hosts.join(' ')}`
    case 'host-unreachable':
      return `${event.host} unreachable: ${event.error.summary}`
    case 'task-result':
      return resultLine(event, verbose)
    case 'notice':
      return noticeLine(event)
    case 'host-connected':
    case 'output':
      return detailLine(event, verbose)
    case 'run-params':
    case 'task-start':
      return undefined
  }
}

const indent = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')

/** Lines for people and logs without a terminal: changes, failures, and what takes long. */
export function plainView(options: PlainOptions): View {
  const { write, verbose, clock = realClock } = options
  const tellProgress = options.progress ?? write
  let progress = nothingYet
  const told = new Map<string, number>()
  const isDue = ({ task, since }: Running): boolean => {
    const last = told.get(task.id)
    const wait = last === undefined ? clock.now() - since : clock.now() - last
    return wait >= (last === undefined ? FIRST_MS : AGAIN_MS)
  }
  const tellHost = ({ host, running }: HostProgress): void => {
    // Tasks of a host that are read together are one wait: only the oldest is named.
    const [oldest] = running
    if (oldest === undefined || !isDue(oldest)) return
    told.set(oldest.task.id, clock.now())
    tellProgress(`${host} · ${oldest.task.repr} running for ${formatDuration(clock.now() - oldest.since)}`)
  }
  const stop = clock.every(500, () => {
    for (const host of progress.hosts.values()) tellHost(host)
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
