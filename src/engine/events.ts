import type { Diagnostic } from '../diag/diagnostic.ts'
import type { Impact } from './impact.ts'

/** One changed field of a task, values already masked and ready to print. */
export interface Change {
  readonly field: string
  readonly from: unknown
  readonly to: unknown
  readonly impact?: Impact
}

export type TaskResult =
  | { readonly status: 'ok' }
  | { readonly status: 'changed'; readonly changes: readonly Change[]; readonly impact: Impact }
  /** Plan only: cannot be read before an earlier change is made. */
  | { readonly status: 'unknown'; readonly because: string; readonly impact: Impact }
  | { readonly status: 'skipped'; readonly because: string }
  | { readonly status: 'failed'; readonly error: Diagnostic }
  | { readonly status: 'unreachable'; readonly error: Diagnostic }

/** Where and what a task is; stable for a run. */
export interface TaskRef {
  /** Unique in a run: play index, task index, loop index, host. */
  readonly id: string
  readonly play: string
  /** The task's name from the playbook. */
  readonly name: string
  /** `module[label]`. */
  readonly repr: string
  readonly module: string
  readonly host: string
  readonly handler: boolean
  readonly source: { readonly file: string; readonly line: number; readonly col: number }
}

/** What happens during a run, in order. The journal, the live view and JSON lines are made from these alone. */
export type EngineEvent =
  | {
      readonly kind: 'run-start'
      readonly run: string
      readonly mode: 'plan' | 'apply'
      readonly playbook: string
      readonly hosts: readonly string[]
      readonly at: string
      readonly by: string
      readonly resumes?: string
    }
  /** What a runbook was given, so that it can be resumed. */
  | { readonly kind: 'run-params'; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'host-connected'; readonly host: string; readonly ms: number }
  | { readonly kind: 'host-unreachable'; readonly host: string; readonly error: Diagnostic }
  /** A host stops for a reason outside any task: the list of a loop, the host of `delegate_to`. */
  | { readonly kind: 'host-failed'; readonly host: string; readonly error: Diagnostic }
  | {
      readonly kind: 'play-start'
      readonly play: string
      readonly hosts: readonly string[]
      readonly tasks: number
    }
  | { readonly kind: 'task-start'; readonly task: TaskRef }
  /** What a task waits for, whenever something else is seen; `slow`: why it goes on behind its deadline. */
  | {
      readonly kind: 'task-wait'
      readonly task: TaskRef
      readonly seen: string
      readonly slow?: 'busy' | 'moving'
    }
  | { readonly kind: 'task-result'; readonly task: TaskRef; readonly result: TaskResult; readonly ms: number }
  /** A command's output at -v and above, masked. */
  | { readonly kind: 'output'; readonly task: TaskRef; readonly command: string; readonly text: string }
  | {
      readonly kind: 'notice'
      readonly level: 'info' | 'warning'
      readonly text: string
      readonly host?: string
    }
  | { readonly kind: 'run-end'; readonly run: string; readonly summary: RunSummary }
  /** Changes that a second plan behind an apply still finds; 0: it is proven. */
  | { readonly kind: 'proof'; readonly run: string; readonly pending: number }
  /** What was run on, judged at the end. */
  | ({ readonly kind: 'verdict' } & RunVerdict)

/** The end of a run on something that has a health of its own. */
export interface RunVerdict {
  readonly cluster: string
  readonly health: string
  readonly problems: readonly {
    readonly severity: 'critical' | 'warning'
    readonly code: string
    readonly summary: string
    readonly detail?: string
    /** The next safe command. */
    readonly next?: string
  }[]
}

const ENDS: ReadonlySet<string> = new Set(['run-end', 'proof', 'verdict'])

/** What is said at the end of a run; nothing happens on a host any more. */
export const isEnd = (
  event: EngineEvent,
): event is Extract<EngineEvent, { readonly kind: 'run-end' | 'proof' | 'verdict' }> => ENDS.has(event.kind)

export interface RunSummary {
  readonly outcome: 'done' | 'failed' | 'unreachable' | 'refused' | 'interrupted'
  readonly ok: number
  readonly changed: number
  readonly unknown: number
  readonly skipped: number
  readonly failed: number
  readonly unreachable: number
  readonly impact: Impact
  readonly ms: number
  /** Round trips of each host. */
  readonly roundTrips: Readonly<Record<string, number>>
}

export type Emit = (event: EngineEvent) => void
