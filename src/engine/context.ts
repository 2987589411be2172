import type { Diagnostic, Span } from '../diag/diagnostic.ts'
import type { Host } from '../inventory/inventory.ts'
import type { Scope, Templates } from '../template/template.ts'
import type { Transport } from '../transport/transport.ts'
import type { Emit } from './events.ts'
import type { Impact } from './impact.ts'
import type { Registry } from './module.ts'
import type { Prober } from './prober.ts'

export type Mode = 'plan' | 'apply'

/** An open host. Both are replaced when it is opened again after a reboot. */
export interface Session {
  transport: Transport
  prober: Prober
  /** Opens the host anew; rejects with HactlError when it cannot be reached. */
  readonly reopen?: () => Promise<void>
}

/** A file beside a playbook: templates and files to copy. */
export interface SourceFile {
  readonly path: string
  /** Absent: it is no text (UTF-8), or too big to be kept and shown as one. */
  readonly text?: string
}

/** What a run is given from outside; the engine knows no stack and no terminal. */
export interface RunOptions {
  readonly registry: Registry
  readonly templates: Templates
  readonly hosts: ReadonlyMap<string, Host>
  readonly groups: ReadonlyMap<string, readonly string[]>
  /** Host names of a pattern, limited to what this run may touch. Throws HactlError. */
  readonly select: (pattern: string | readonly string[], at: Span) => readonly string[]
  readonly sessions: ReadonlyMap<string, Session>
  /** Hosts without a session, and why. */
  readonly failures: ReadonlyMap<string, Diagnostic>
  /** Variables of every host: `cluster`, `params`, `status` … */
  readonly vars: Scope
  /** Variables over all others but `item`. */
  readonly extraVars?: Scope
  /** Finds `src` of a template or file: the site's folder first, then the package's. */
  readonly lookup: (kind: 'template' | 'file', name: string, playbook: string) => SourceFile | undefined
  readonly emit: Emit
  /** Masks secrets in text from outside. */
  readonly mask: (text: string) => string
  readonly forks: number
  /** Waits and steps may take this many times as long; default 1. */
  readonly patience?: number
  readonly tags?: readonly string[]
  readonly skipTags?: readonly string[]
  readonly startAt?: string
  readonly verbose: number
  /** Changes worse than this are refused (apply). */
  readonly allowed: Impact
  readonly soft?: AbortSignal
  readonly hard?: AbortSignal
  /** Folder on the hosts where a run keeps its lock and pending handlers; without it nothing is locked. */
  readonly stateDir?: string
}

/** A host during a run. */
export interface HostState {
  readonly name: string
  readonly host: Host
  readonly session: Session
  registered: Readonly<Record<string, unknown>>
  /** Names of results of which a plan knows only that something changes. */
  partial: ReadonlySet<string>
  /** Results of a loop that is still going on, by the name they will be registered under. */
  readonly collected: Map<string, Map<number, Readonly<Record<string, unknown>>>>
  /** Blocks in which a task failed, by id. */
  readonly broken: Set<string>
  /** Names of notified handlers of the current play. */
  notified: Set<string>
  /** Why the host does no more in this run. */
  stopped: 'failed' | 'unreachable' | 'interrupted' | undefined
  /** Something was changed on it since the last barrier that other hosts could see. */
  spread: boolean
  /** Plan: something would have changed by now. */
  changed: boolean
}
