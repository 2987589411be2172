import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { HactlError, problem } from '../diag/diagnostic.ts'
import { journalDir } from '../engine/journal.ts'
import type { RunRecord } from '../engine/journal.ts'
import type { PastRun } from '../report/history-text.ts'

/**
 * The journal's folder of an inventory. The inventory itself is not read: history must work when it is broken.
 * Throws HactlError when neither the file nor its journal exists.
 */
export function journalOf(inventory: string): string {
  const dir = journalDir(dirname(resolve(inventory)))
  if (existsSync(inventory) || existsSync(dir)) return dir
  throw new HactlError(
    problem('inventory/not-found', `there is no inventory "${inventory}"`, {
      hint: 'name it as the last argument or with -i FILE',
    }),
  )
}

/** A journal record as the reports read it. */
export const pastRun = ({ id, lines, intact }: RunRecord): PastRun => ({
  id,
  events: lines.map((line) => line.event),
  intact,
})
