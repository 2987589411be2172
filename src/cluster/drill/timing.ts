import { acknowledged, type Ledger } from './ledger.ts'
import { spread } from './stats.ts'
import type { Gap, Latencies, Overlap } from './result.ts'

/** A pause is called a gap from this length on: well above what a busy client machine makes by itself. */
export const GAP_MS = 250

/** Pauses between neighbours of some times, longer than `least`. `times` in order. */
export function gapsOf(times: readonly number[], least = GAP_MS): readonly Gap[] {
  return times.flatMap((to, index) => {
    const from = times[index - 1] ?? to
    return to - from >= least ? [{ from, to, ms: Math.round(to - from) }] : []
  })
}

/** Every pause of acknowledgements from the first to `until`. */
export function writeGaps(ledger: Ledger, until: number, least = GAP_MS): readonly Gap[] {
  const times = acknowledged(ledger).map(({ answeredAt }) => answeredAt)
  return gapsOf([...times, ...(times.length > 0 && until > (times.at(-1) ?? 0) ? [until] : [])], least)
}

/** The longest of some gaps. */
export const longest = (gaps: readonly Gap[]): Gap | undefined => gaps.toSorted((a, b) => b.ms - a.ms).at(0)

export function latencies(ledger: Ledger, fault: number, over: number): Latencies {
  const groups: Record<keyof Latencies, number[]> = { before: [], during: [], after: [] }
  for (const { sentAt, answeredAt } of acknowledged(ledger)) {
    const when = sentAt < fault ? 'before' : sentAt < over ? 'during' : 'after'
    groups[when].push(answeredAt - sentAt)
  }
  return Object.fromEntries(
    Object.entries(groups).flatMap(([when, values]) => {
      const found = spread(values)
      return found ? [[when, found]] : []
    }),
  )
}

/** How often each kind of error was seen, by what was tried: `connect 57P03`, `write timeout`. */
export function errorKinds(ledger: Ledger): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  const count = (what: string, error: string | undefined): void => {
    if (error !== undefined) counts.set(`${what} ${error}`, (counts.get(`${what} ${error}`) ?? 0) + 1)
  }
  for (const { error, result } of ledger.writes.values())
    count('write', error ?? (result === 'warned' ? 'unconfirmed' : undefined))
  for (const { error } of ledger.contacts) count('connect', error)
  for (const { error } of ledger.readErrors) count('read', error)
  return Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a))
}

/** Writes that one server acknowledged although a later one had begun to. Pure. */
export function overlaps(ledger: Ledger): readonly Overlap[] {
  const acks = acknowledged(ledger)
  const first = new Map<string, number>()
  for (const { server, answeredAt } of acks) if (!first.has(server)) first.set(server, answeredAt)
  const order = [...first.keys()]
  return order.slice(1).flatMap((newer, index) => {
    const began = first.get(newer) ?? 0
    return order.slice(0, index + 1).flatMap((server) => {
      const late = acks.filter((write) => write.server === server && write.answeredAt > began)
      return late.length > 0 ? [{ server, newer, writes: late.map(({ id }) => id) }] : []
    })
  })
}
