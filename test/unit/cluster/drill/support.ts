import {
  line,
  parseLedger,
  type Ledger,
  type Result,
  type WriteKind,
} from '../../../../src/cluster/drill/ledger.ts'
import type { Snapshot } from '../../../../src/cluster/drill/verdict.ts'

export interface Entry {
  readonly id: number
  readonly kind?: WriteKind
  readonly worker?: number
  readonly at?: number
  readonly server?: string
  /** Undefined: it was never answered. */
  readonly result?: Result
  readonly ms?: number
  readonly error?: string
}

/** The text a client would have written. */
export const ledgerText = (entries: readonly Entry[]): string =>
  entries
    .flatMap(({ id, kind = 'row', worker = 0, at = id * 10, server = 'A', result, ms = 2, error }) => [
      line.intent({ id, worker, kind, sentAt: at, server }),
      ...(result === undefined ? [] : [line.answer(id, result, at + ms, error)]),
    ])
    .map((text) => `${text}\n`)
    .join('')

export const ledgerOf = (entries: readonly Entry[]): Ledger => parseLedger(ledgerText(entries))

export const snapshot = (
  member: string,
  rows: Readonly<Record<number, string>>,
  counters: Readonly<Record<number, number>> = {},
): Snapshot => ({
  member,
  rows: new Map(Object.entries(rows).map(([id, parts]) => [Number(id), parts])),
  counters: new Map(Object.entries(counters).map(([worker, n]) => [Number(worker), n])),
})
