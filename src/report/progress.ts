import type { Diagnostic } from '../diag/diagnostic.ts'
import { isEnd, type EngineEvent, type TaskRef } from '../engine/events.ts'

/** A task that has begun and not ended. */
export interface Running {
  readonly task: TaskRef
  readonly since: number
  /** What it waits for sees, in words. */
  readonly seen?: string
  readonly slow?: 'busy' | 'moving'
}

/** Where one host stands. */
export interface HostProgress {
  readonly host: string
  readonly running: readonly Running[]
  readonly changed: number
  readonly inPlace: number
  readonly skipped: number
  readonly failed?: Diagnostic
  readonly connected: boolean
}

/** Where a run stands. */
export interface Progress {
  readonly mode: 'plan' | 'apply'
  readonly play?: string
  readonly hosts: ReadonlyMap<string, HostProgress>
}

export const nothingYet: Progress = { mode: 'plan', hosts: new Map() }

/** A host of which nothing is known yet. */
export const newHost = (host: string): HostProgress => ({
  host,
  running: [],
  changed: 0,
  inPlace: 0,
  skipped: 0,
  connected: false,
})

function update(progress: Progress, host: string, change: (before: HostProgress) => HostProgress): Progress {
  const hosts = new Map(progress.hosts)
  hosts.set(host, change(hosts.get(host) ?? newHost(host)))
  return { ...progress, hosts }
}

function withResult(
  before: HostProgress,
  event: Extract<EngineEvent, { kind: 'task-result' }>,
): HostProgress {
  const { result, task } = event
  const after = { ...before, running: before.running.filter((entry) => entry.task.id !== task.id) }
  switch (result.status) {
    case 'ok':
      return { ...after, inPlace: after.inPlace + 1 }
    case 'changed':
    case 'unknown':
      return { ...after, changed: after.changed + 1 }
    case 'skipped':
      return { ...after, skipped: after.skipped + 1 }
    case 'failed':
    case 'unreachable':
      return { ...after, failed: result.error }
  }
}

function withWait(
  before: HostProgress,
  { task, seen, slow }: Extract<EngineEvent, { kind: 'task-wait' }>,
): HostProgress {
  const told = (entry: Running): Running =>
    entry.task.id === task.id ? { task: entry.task, since: entry.since, seen, ...(slow && { slow }) } : entry
  return { ...before, running: before.running.map(told) }
}

/** A play that begins has its hosts, whether or not their connection was told. */
function withPlay(before: Progress, { play, hosts }: Extract<EngineEvent, { kind: 'play-start' }>): Progress {
  const connected = (progress: Progress, host: string): Progress =>
    update(progress, host, (entry) => ({ ...entry, connected: true }))
  return { ...hosts.reduce(connected, before), play }
}

/** What happens to a task, at its host. */
function withTask(
  progress: Progress,
  event: Extract<EngineEvent, { readonly task: TaskRef }>,
  now: number,
): Progress {
  switch (event.kind) {
    case 'task-start':
      return update(progress, event.task.host, (before) => ({
        ...before,
        running: [...before.running, { task: event.task, since: now }],
      }))
    case 'task-wait':
      return update(progress, event.task.host, (before) => withWait(before, event))
    case 'task-result':
      return update(progress, event.task.host, (before) => withResult(before, event))
    case 'output':
      return progress
  }
}

/** The progress after one more event; `now` in the clock's milliseconds. */
export function follow(progress: Progress, event: EngineEvent, now: number): Progress {
  if (isEnd(event)) return progress
  if ('task' in event) return withTask(progress, event, now)
  switch (event.kind) {
    case 'run-start':
      return { mode: event.mode, hosts: new Map(event.hosts.map((host) => [host, newHost(host)])) }
    case 'host-connected':
      return update(progress, event.host, (before) => ({ ...before, connected: true }))
    case 'host-unreachable':
    case 'host-failed':
      return update(progress, event.host, (before) => ({ ...before, failed: event.error }))
    case 'play-start':
      return withPlay(progress, event)
    case 'run-params':
    case 'notice':
      return progress
  }
}
