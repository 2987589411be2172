import { acknowledged, type Ledger } from './ledger.ts'
import { gapsOf, longest } from './timing.ts'
import { spread } from './stats.ts'
import type { ReaderReport } from './result.ts'

interface Ack {
  readonly id: number
  readonly at: number
}

/**
 * The age of the oldest acknowledged write that a read of `newest` at `at` did not see. Numbers are given in the order
 * of sending, so one greater than what was seen is missing. `acks` in order of time, `from` where to begin to look.
 */
function ageOf(acks: readonly Ack[], newest: number, at: number, from: number): number {
  for (let index = from; index < acks.length; index++) {
    const ack = acks[index]
    if (!ack || ack.at > at) return 0
    if (ack.id > newest) return at - ack.at
  }
  return 0
}

/** Judges every reader of a ledger. Pure. */
export function readers(ledger: Ledger): readonly ReaderReport[] {
  const acks = acknowledged(ledger).map(({ id, answeredAt }) => ({ id, at: answeredAt }))
  const names = new Set([
    ...ledger.reads.map(({ reader }) => reader),
    ...ledger.readErrors.map(({ who }) => who),
  ])
  return [...names].toSorted().map((reader) => {
    const reads = ledger.reads.filter((read) => read.reader === reader)
    const counted = { backwards: 0, backwardsAcross: 0 }
    const ages: number[] = []
    const most = new Map<string, number>()
    let greatest = 0
    let from = 0
    for (const { sentAt, newest, server } of reads) {
      // Answers of one statement are acknowledged a little out of order: eight writes may be under way.
      while (from < acks.length - 64 && (acks[from + 64]?.id ?? 0) <= newest) from++
      ages.push(ageOf(acks, newest, sentAt, from))
      if (newest < (most.get(server) ?? 0)) counted.backwards += 1
      else if (newest < greatest) counted.backwardsAcross += 1
      most.set(server, Math.max(newest, most.get(server) ?? 0))
      greatest = Math.max(greatest, newest)
    }
    const staleMs = spread(ages)
    const gap = longest(gapsOf(reads.map(({ at }) => at)))
    return {
      reader,
      reads: reads.length,
      errors: ledger.readErrors.filter(({ who }) => who === reader).length,
      ...(staleMs && { staleMs }),
      ...counted,
      ...(gap && { longestGap: gap }),
    }
  })
}
