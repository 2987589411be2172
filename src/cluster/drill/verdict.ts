import { PARTS, type Ledger, type Write } from './ledger.ts'
import type { LostWrite, Verdict, Divergence } from './result.ts'

/** The tables of a drill as one member has them. */
export interface Snapshot {
  readonly member: string
  /** Parts of a write that are there, a digit each in order: `012`, or `00` for one that is there twice. */
  readonly rows: ReadonlyMap<number, string>
  readonly counters: ReadonlyMap<number, number>
}

const FULL = ['0', '01', '012']

/** What is wrong with the parts of a write that is there. */
function fault(write: Write, parts: string): 'duplicate' | 'partial' | undefined {
  if (parts === FULL[PARTS[write.kind] - 1]) return undefined
  return new Set(parts).size < parts.length || parts.length > PARTS[write.kind] ? 'duplicate' : 'partial'
}

/**
 * Compares the ledger with what one member has. `until`: only writes acknowledged before that time must be there (the
 * tables were read while clients went on); what had not been answered then is not judged. Pure.
 */
export function compare(ledger: Ledger, snapshot: Snapshot, until = Number.POSITIVE_INFINITY): Verdict {
  const counts = { acknowledged: 0, inDoubt: 0, refused: 0, ghosts: 0 }
  const lost: LostWrite[] = []
  for (const write of ledger.writes.values()) {
    const { id, kind, worker, sentAt, server, result, answeredAt = Number.NaN } = write
    if (result === undefined ? sentAt >= until : !(answeredAt < until)) continue
    const isThere = snapshot.rows.has(id)
    if (result === 'ack') {
      counts.acknowledged += 1
      if (!isThere) lost.push({ id, kind, worker, sentAt, server, answeredAt })
    } else {
      if (result === 'refused') counts.refused += 1
      else counts.inDoubt += 1
      if (isThere && result !== undefined) counts.ghosts += 1
    }
  }
  return { from: snapshot.member, ...counts, lost, ...present(ledger, snapshot) }
}

function present(
  ledger: Ledger,
  { rows, counters }: Snapshot,
): Pick<Verdict, 'duplicates' | 'impossible' | 'partial' | 'counters'> {
  const duplicates: number[] = []
  const impossible: number[] = []
  const partial: number[] = []
  const steps = new Map<number, number>()
  for (const [id, parts] of rows) {
    const write = ledger.writes.get(id)
    if (write === undefined) {
      impossible.push(id)
      continue
    }
    const wrong = fault(write, parts)
    if (wrong === 'duplicate') duplicates.push(id)
    if (wrong === 'partial') partial.push(id)
    if (write.kind === 'count') steps.set(write.worker, (steps.get(write.worker) ?? 0) + 1)
  }
  const workers = [...new Set([...counters.keys(), ...steps.keys()])]
  return {
    duplicates,
    impossible,
    partial,
    counters: workers
      .map((worker) => ({ worker, value: counters.get(worker) ?? 0, steps: steps.get(worker) ?? 0 }))
      .filter(({ value, steps: wanted }) => value !== wanted),
  }
}

/** Compares a standby with the primary; undefined when they are equal. Pure. */
export function diverge(primary: Snapshot, standby: Snapshot): Divergence | undefined {
  const missing = [...primary.rows.keys()].filter((id) => !standby.rows.has(id))
  const extra = [...standby.rows.keys()].filter((id) => !primary.rows.has(id))
  const rows = [...primary.rows]
    .filter(([id, parts]) => standby.rows.has(id) && standby.rows.get(id) !== parts)
    .map(([id]) => `write ${id}`)
  const counters = [...primary.counters]
    .filter(([worker, value]) => standby.counters.get(worker) !== value)
    .map(([worker]) => `counter ${worker}`)
  const different = [...rows, ...counters]
  if (missing.length + extra.length + different.length === 0) return undefined
  return { member: standby.member, missing, extra, different }
}

/** Whether a verdict found anything that must never be, lost writes apart. */
export const isCorrupt = ({ duplicates, impossible, partial, counters }: Verdict): boolean =>
  duplicates.length + impossible.length + partial.length + counters.length > 0
