import { HactlError } from '../diag/diagnostic.ts'
import type { EngineEvent, RunSummary } from '../engine/events.ts'
import { journalDir, newestRuns, openJournal } from '../engine/journal.ts'
import { outlivesSession, readAndRelease, release } from '../engine/lock.ts'
import { masker } from '../lib/secret.ts'
import type { Bench } from './bench.ts'
import { adopt, lockAll, newOwner, stateDirOn, type Ahead } from './lock.ts'
import { phase, type PhaseInput } from './phase.ts'
import { stoppedBy } from './summary.ts'

export interface RunInput extends Omit<PhaseInput, 'mode' | 'owed' | 'stateDir'> {
  readonly params?: Readonly<Record<string, string>>
  /** After a good end everything is read again. */
  readonly proves?: boolean
  /** The lock that is held since before the plan: nothing is locked or read anew. */
  readonly ahead?: Ahead
}

/** An apply with everything around it: lock on the hosts, journal, events to the caller, unlock. */
export async function applyRun(bench: Bench, input: RunInput): Promise<RunSummary> {
  const { target, chosen } = bench
  const { stateDir, owner } = input.ahead ?? { stateDir: stateDirOn(target), owner: newOwner() }
  const { run, at, by } = owner
  const dir = journalDir(target.inventory.dir)
  const resumes = unfinished(dir, input.playbook.file)
  const journal = openJournal(dir, run, masker(target.inventory.secrets))
  const emit = (event: EngineEvent): void => {
    journal.write(event)
    input.emit(event)
  }
  const hosts = target.hosts.map((host) => host.name)
  const playbook = input.playbook.file
  emit({ kind: 'run-start', run, mode: 'apply', playbook, hosts, at, by, ...(resumes && { resumes }) })
  if (input.params) emit({ kind: 'run-params', params: input.params })
  let unlock = release
  try {
    for (const session of chosen.values()) outlivesSession(session)
    const owed = input.ahead ? adopt(bench, input.ahead, emit) : await lockAll(bench, stateDir, owner, emit)
    const summary = await phase(bench, { ...input, mode: 'apply', emit, owed, stateDir })
    emit({ kind: 'run-end', run, summary })
    if (input.proves === true && summary.outcome === 'done') unlock = readAndRelease
    return summary
  } catch (error) {
    if (error instanceof HactlError) emit({ kind: 'run-end', run, summary: stoppedBy(error) })
    throw error
  } finally {
    await Promise.all([...chosen.values()].map((session) => unlock(session, stateDir, run)))
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
