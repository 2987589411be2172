import { setTimeout as wait } from 'node:timers/promises'
import { SCHEMA, type ClientConfig } from './client-config.ts'
import { errorOf, isRefusal, openFirst, type Connection } from './connection.ts'
import { line, PARTS, type Result, type WriteKind } from './ledger.ts'

/** What all loops of the client share. */
export interface Shop {
  readonly config: ClientConfig
  readonly note: (text: string) => void
  /** Milliseconds since 1970 that never jump, whatever happens to the clock meanwhile. */
  readonly now: () => number
  readonly stopped: () => boolean
  /** The next number of a write. */
  readonly nextId: () => number
}

/** Of ten writes eight are plain rows, one is a transaction of three, one steps a counter. */
const kindOf = (tick: number): WriteKind => (tick % 10 === 3 ? 'multi' : tick % 10 === 7 ? 'count' : 'row')

/** Statements of a write. Numbers only: nothing to quote. */
export function statements(id: number, worker: number, kind: WriteKind): readonly string[] {
  const rows = Array.from(
    { length: PARTS[kind] },
    (_, part) => `insert into ${SCHEMA}.writes (id, part, worker) values (${id}, ${part}, ${worker})`,
  )
  if (kind === 'row') return rows
  const count = `update ${SCHEMA}.counters set n = n + 1 where worker = ${worker}`
  return ['begin', ...rows, ...(kind === 'count' ? [count] : []), 'commit']
}

/**
 * A server may end the wait for its standby and acknowledge all the same, with a warning; its text may be translated,
 * the name of the routine is not (src/backend/replication/syncrep.c).
 */
const isUnconfirmed = (warning: string): boolean => warning.startsWith('SyncRepWaitForLSN ')

async function write(shop: Shop, worker: number, tick: number, connection: Connection): Promise<boolean> {
  const { note, now } = shop
  const [id, kind] = [shop.nextId(), kindOf(tick)]
  note(line.intent({ id, worker, kind, sentAt: now(), server: connection.server }))
  try {
    const results = await connection.query(...statements(id, worker, kind))
    const at = now()
    // A transaction that failed before its end is answered with ROLLBACK, and without an error.
    const undone = results.at(-1)?.command === 'ROLLBACK'
    const result: Result = undone ? 'refused' : connection.warnings().some(isUnconfirmed) ? 'warned' : 'ack'
    note(line.answer(id, result, at))
    return true
  } catch (error) {
    const kindOfError = errorOf(error)
    note(line.answer(id, isRefusal(kindOfError) ? 'refused' : 'silent', now(), kindOfError))
    return false
  }
}

/** Waits for a moment of the schedule; gives up waiting when the client is stopped. */
export async function waitUntil(shop: Shop, moment: number): Promise<void> {
  while (!shop.stopped()) {
    const left = moment - shop.now()
    if (left <= 0) return
    await wait(Math.min(left, 100))
  }
}

/**
 * One connection that writes at fixed moments. What is late is left out, not made up for: the rate is what an outside
 * observer offers, not what the server allows.
 */
export async function writeLoop(shop: Shop, worker: number, from: number): Promise<void> {
  const { config, note, now } = shop
  const period = (1000 / config.rate) * config.connections
  const first = from + (worker * 1000) / config.rate
  let connection: Connection | undefined
  for (let tick = 0; !shop.stopped(); tick = Math.max(tick + 1, Math.ceil((now() - first) / period))) {
    await waitUntil(shop, first + tick * period)
    if (shop.stopped()) break
    const who = `w${worker}`
    if (connection === undefined) {
      try {
        connection = await openFirst(config.writers, config, { writable: true })
        note(line.contact({ who, at: now(), server: connection.server }))
      } catch (error) {
        note(line.contact({ who, at: now(), error: errorOf(error) }))
        continue
      }
    }
    if (await write(shop, worker, tick + worker, connection)) continue
    connection.destroy()
    connection = undefined
  }
  connection?.destroy()
}
