import { SCHEMA, type ReaderConfig } from './client-config.ts'
import { errorOf, open, type Connection } from './connection.ts'
import { line } from './ledger.ts'
import { waitUntil, type Shop } from './writer.ts'

const NEWEST = `select coalesce(max(id), 0)::text as newest from ${SCHEMA}.writes`

/** One connection that asks for the newest number at fixed moments: how old its answer is, and whether it goes back. */
export async function readLoop(shop: Shop, { name, endpoint }: ReaderConfig, from: number): Promise<void> {
  const { config, note, now } = shop
  const period = 1000 / config.readRate
  let connection: Connection | undefined
  for (let tick = 0; !shop.stopped(); tick = Math.max(tick + 1, Math.ceil((now() - from) / period))) {
    await waitUntil(shop, from + tick * period)
    if (shop.stopped()) break
    const sentAt = now()
    try {
      connection ??= await open(endpoint, config, { writable: false })
      const [result] = await connection.query(NEWEST)
      const [row] = (result?.rows ?? []) as readonly { readonly newest: string }[]
      const newest = Number(row?.newest ?? 0)
      note(line.read({ reader: name, sentAt, at: now(), server: connection.server, newest }))
    } catch (error) {
      note(line.readError({ who: name, at: now(), error: errorOf(error) }))
      connection?.destroy()
      connection = undefined
    }
  }
  connection?.destroy()
}
