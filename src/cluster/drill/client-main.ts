/**
 * The client of a drill: writes and reads as an application would, and notes every intent and every answer. A program
 * of its own, so that it can run where clients are. It reads its configuration as one line from standard input and ends
 * when that is closed: a controller that dies leaves nothing behind.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { ClientConfig } from './client-config.ts'
import { readLoop } from './reader.ts'
import { writeLoop, type Shop } from './writer.ts'

// Ctrl-C at the terminal is for the driver, which ends this program in its own time.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)

let stopped = false
const lines = createInterface({ input: process.stdin })
lines.once('close', () => (stopped = true))

const config = await new Promise<ClientConfig | undefined>((resolve) => {
  lines.once('line', (text) => resolve(JSON.parse(text) as ClientConfig))
  lines.once('close', () => resolve(undefined))
})

if (config !== undefined) {
  const file = openSync(config.ledger, 'a', 0o600)
  const now = (): number => performance.timeOrigin + performance.now()
  let last = 0
  const shop: Shop = {
    config,
    note: (text) => void writeSync(file, `${text}\n`),
    now,
    stopped: () => stopped || performance.now() > config.endsAfterMs,
    nextId: () => ++last,
  }
  const from = now() + 50
  await Promise.all([
    ...Array.from({ length: config.connections }, (_, worker) => writeLoop(shop, worker, from)),
    ...config.readers.map((reader) => readLoop(shop, reader, from)),
  ])
  closeSync(file)
}
process.exit(0)
