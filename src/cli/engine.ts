import { isUtf8 } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, HactlError, type ExitCode } from '../diag/diagnostic.ts'
import type { RunOptions, SourceFile } from '../engine/context.ts'
import type { EngineEvent, RunSummary } from '../engine/events.ts'
import type { Impact } from '../engine/impact.ts'
import { journalDir, newestRuns, openJournal } from '../engine/journal.ts'
import { outlivesSession, readAndRelease, release } from '../engine/lock.ts'
import type { Playbook } from '../engine/playbook.ts'
import { runPlaybook, type Owed } from '../engine/run.ts'
import { openHosts, type Opened } from '../engine/sessions.ts'
import { matchHosts } from '../inventory/pattern.ts'
import { masker } from '../lib/secret.ts'
import type { Registry } from '../engine/module.ts'
import { createTemplates, type Scope } from '../template/template.ts'
import type { View } from '../report/view.ts'
import { connect } from '../transport/connect.ts'
import { interrupt } from './interrupt.ts'
import { adopt, lockAll, newOwner, stateDirOn, type Ahead } from './lock.ts'
import { asker, sourceFolders, type Target } from './target.ts'

export interface EngineOptions {
  readonly forks?: number
  readonly tags?: readonly string[]
  readonly startAt?: string
  readonly verbose: number
}

/** Hosts of a target, opened, with what a run on them needs. */
export interface Bench {
  readonly target: Target
  readonly opened: Opened
  readonly options: EngineOptions
  readonly templates: ReturnType<typeof createTemplates>
}

const FORKS = 50

/** Starts connecting; what else must be loaded can be loaded meanwhile. */
export async function openBench(target: Target, options: EngineOptions): Promise<Bench> {
  const ask = asker()
  const opened = await openHosts(target.hosts, {
    connect,
    forks: options.forks ?? FORKS,
    signal: interrupt.hard,
    ...(ask && { ask }),
  })
  return { target, opened, options, templates: createTemplates() }
}

/** Files beyond this are streamed, not kept: 1 MiB. */
const MOST_TEXT_BYTES = 1_048_576

function readSource(path: string): SourceFile {
  const bytes = statSync(path).size > MOST_TEXT_BYTES ? undefined : readFileSync(path)
  return bytes !== undefined && isUtf8(bytes) && !bytes.includes(0)
    ? { path, text: bytes.toString('utf8') }
    : { path }
}

function lookupIn(target: Target): RunOptions['lookup'] {
  const cache = new Map<string, SourceFile | undefined>()
  return (kind, name, playbook) => {
    const paths = name.startsWith('/')
      ? [name]
      : sourceFolders(target, kind, playbook).map((dir) => join(dir, name))
    const key = paths.join('\n')
    if (!cache.has(key)) {
      const path = paths.find((each) => statSync(each, { throwIfNoEntry: false })?.isFile())
      cache.set(key, path === undefined ? undefined : readSource(path))
    }
    return cache.get(key)
  }
}

export interface PhaseInput {
  readonly playbook: Playbook
  readonly registry: Registry
  readonly mode: 'plan' | 'apply'
  readonly emit: (event: EngineEvent) => void
  readonly allowed: Impact
  readonly vars?: Scope
  readonly owed?: Owed
  readonly stateDir?: string
}

/** One pass over the playbook: a plan, or an apply. */
export async function phase(bench: Bench, input: PhaseInput): Promise<RunSummary> {
  const { target, opened, options } = bench
  const chosen = new Set(target.hosts.map((host) => host.name))
  return runPlaybook(
    {
      registry: input.registry,
      templates: bench.templates,
      hosts: target.inventory.hosts,
      groups: target.inventory.groups,
      select: (pattern, at) => {
        if (pattern.length === 0) return []
        const { hosts, diagnostics } = matchHosts(target.inventory, pattern, at)
        const errors = diagnostics.filter((d) => d.code !== 'inventory/no-match')
        if (errors.length > 0) throw new HactlError(errors)
        return hosts.filter((name) => chosen.has(name))
      },
      sessions: opened.sessions,
      failures: opened.failures,
      vars: { ...target.vars, params: {}, ...input.vars },
      lookup: lookupIn(target),
      emit: input.emit,
      mask: masker(target.inventory.secrets),
      forks: options.forks ?? FORKS,
      ...(options.tags && { tags: options.tags }),
      ...(options.startAt !== undefined && { startAt: options.startAt }),
      verbose: options.verbose,
      allowed: input.allowed,
      soft: interrupt.soft,
      hard: interrupt.hard,
      ...(input.stateDir !== undefined && { stateDir: input.stateDir }),
    },
    input,
  )
}

export interface ApplyInput extends Omit<PhaseInput, 'mode' | 'emit' | 'owed' | 'stateDir'> {
  readonly view: View
  readonly events: EngineEvent[]
  readonly params?: Readonly<Record<string, string>>
  /** After a good end everything is read again. */
  readonly proves?: boolean
  /** The lock that is held since before the plan: nothing is locked or read anew. */
  readonly ahead?: Ahead
}

/** An apply with everything around it: lock on the hosts, journal, events to the view, unlock. */
export async function applyRun(bench: Bench, input: ApplyInput): Promise<RunSummary> {
  const { target, opened } = bench
  const { stateDir, owner } = input.ahead ?? { stateDir: stateDirOn(target), owner: newOwner() }
  const { run, at, by } = owner
  const dir = journalDir(target.inventory.dir)
  const resumes = unfinished(dir, input.playbook.file)
  const journal = openJournal(dir, run, masker(target.inventory.secrets))
  const emit = (event: EngineEvent): void => {
    input.events.push(event)
    journal.write(event)
    input.view.emit(event)
  }
  const hosts = target.hosts.map((host) => host.name)
  const playbook = input.playbook.file
  emit({ kind: 'run-start', run, mode: 'apply', playbook, hosts, at, by, ...(resumes && { resumes }) })
  if (input.params) emit({ kind: 'run-params', params: input.params })
  let unlock = release
  try {
    for (const session of opened.sessions.values()) outlivesSession(session)
    const owed = input.ahead ? adopt(bench, input.ahead, emit) : await lockAll(bench, stateDir, owner, emit)
    const summary = await phase(bench, { ...input, mode: 'apply', emit, owed, stateDir })
    emit({ kind: 'run-end', run, summary })
    if (input.proves === true && summary.outcome === 'done') unlock = readAndRelease
    return summary
  } catch (error) {
    if (error instanceof HactlError) emit({ kind: 'run-end', run, summary: stoppedBy(error) })
    throw error
  } finally {
    await Promise.all([...opened.sessions.values()].map((session) => unlock(session, stateDir, run)))
  }
}

/** The last run of the same playbook, when it was cut off or did not end well. */
function unfinished(dir: string, playbook: string): string | undefined {
  for (const { id, lines } of newestRuns(dir)) {
    const start = lines[0]?.event
    if (start?.kind !== 'run-start' || start.playbook !== playbook) continue
    const done = lines.some(({ event }) => event.kind === 'run-end' && event.summary.outcome === 'done')
    return done ? undefined : id
  }
  return undefined
}

/** The summary of a run that did not get as far as its first task. */
const stoppedBy = ({ exit }: HactlError): RunSummary => ({
  outcome: exit === EXIT.refused ? 'refused' : exit === EXIT.interrupted ? 'interrupted' : 'failed',
  ok: 0,
  changed: 0,
  unknown: 0,
  skipped: 0,
  failed: 0,
  unreachable: 0,
  impact: 'none',
  ms: 0,
  roundTrips: {},
})

/** The exit code of a run. */
export function exitOf(summary: RunSummary): ExitCode {
  switch (summary.outcome) {
    case 'done':
      return EXIT.done
    case 'failed':
      return EXIT.failed
    case 'unreachable':
      return EXIT.unreachable
    case 'refused':
      return EXIT.refused
    case 'interrupted':
      return EXIT.interrupted
  }
}
