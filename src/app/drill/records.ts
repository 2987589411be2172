import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fault } from '../../cluster/drill/fault.ts'
import type { EngineEvent, RunSummary } from '../../engine/events.ts'
import { journalDir, openJournal } from '../../engine/journal.ts'
import { masker } from '../../lib/secret.ts'
import { newOwner } from '../lock.ts'
import { emptySummary } from '../summary.ts'
import type { Target } from '../target.ts'

/** The folder of a drill beside its inventory, and the journal of its run. */
export type Records = ReturnType<typeof openRecords>

/** Prepares what a drill leaves behind; `tell` hears what it says. */
export function openRecords(
  target: Required<Target>,
  faults: readonly Fault[],
  tell: (text: string) => void,
) {
  const owner = newOwner()
  const { run, by, at } = owner
  const { dir, secrets } = target.inventory
  const drills = join(dir, '.hactl', 'drills')
  const folder = join(drills, `${at.replaceAll(/[-:]/g, '').slice(0, 15)}Z-${run}`)
  const journal = openJournal(journalDir(dir), run, masker(secrets))
  const began = performance.now()
  const hosts = target.hosts.map((host) => host.name)
  return {
    run,
    at,
    by,
    folder,
    owner,
    emit: (event: EngineEvent) => journal.write(event),
    start: () => {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const playbook = `drill ${faults.map(({ name }) => name).join(' ')}`
      journal.write({ kind: 'run-start', run, mode: 'apply', playbook, hosts, at, by })
    },
    say: (text: string) => {
      journal.write({ kind: 'notice', level: 'info', text })
      tell(text)
    },
    /** Keeps a file beside the ledgers; gives its path. */
    keep: (name: string, text: string): string => {
      const file = join(folder, name)
      writeFileSync(file, text, { mode: 0o600 })
      return file
    },
    end: (outcome: RunSummary['outcome']) => {
      const failed = outcome === 'failed' ? 1 : 0
      const ms = Math.round(performance.now() - began)
      const summary = emptySummary(outcome, { failed, impact: 'switchover', ms })
      journal.write({ kind: 'run-end', run, summary })
    },
  }
}
