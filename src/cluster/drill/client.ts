import { spawn } from 'node:child_process'
import { closeSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StringDecoder } from 'node:string_decoder'
import { poll } from '../../lib/poll.ts'
import type { ClientConfig } from './client-config.ts'
import { ledgerReader, type Ledger } from './ledger.ts'

/** The running client of a drill. */
export interface DrillClient {
  /** The ledger as far as it is written now. */
  ledger(): Ledger
  /** Undefined while it runs; afterwards what it said last. */
  failure(): string | undefined
  /** Ends it, by force after ten seconds; the whole ledger is the answer. */
  stop(): Promise<Ledger>
}

/** argv of the client program: compiled, or from the source through tsx. */
function clientArgv(): readonly string[] {
  const compiled = import.meta.filename.endsWith('.js')
  const file = join(import.meta.dirname, `client-main.${compiled ? 'js' : 'ts'}`)
  if (compiled) return [process.execPath, file]
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  return [process.execPath, `--import=${tsx}`, file]
}

/** Follows a file that grows, without reading anything twice. */
export function followLedger(file: string): { readonly read: () => Ledger; readonly close: () => void } {
  const handle = openSync(file, 'a+', 0o600)
  const reader = ledgerReader()
  const decoder = new StringDecoder('utf8')
  const buffer = Buffer.alloc(65_536)
  let position = 0
  return {
    read: () => {
      for (;;) {
        const size = readSync(handle, buffer, 0, buffer.length, position)
        if (size === 0) return reader.ledger
        position += size
        reader.add(decoder.write(buffer.subarray(0, size)))
      }
    },
    close: () => closeSync(handle),
  }
}

/** Starts the client; `prefix` is an argv that puts it where clients are, or empty. */
export function startClient(config: ClientConfig, prefix: readonly string[]): DrillClient {
  const follow = followLedger(config.ledger)
  const [program = '', ...args] = [...prefix, ...clientArgv()]
  const child = spawn(program, args, {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
  })
  let said = ''
  let over = false
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  child.stdin.on('error', () => undefined)
  child.stdin.write(`${JSON.stringify(config)}\n`)
  child.once('error', (error) => {
    said = error.message
    over = true
  })
  child.once('close', () => (over = true))
  return {
    ledger: follow.read,
    failure: () => (over ? said.trim() || 'it ended by itself' : undefined),
    stop: async () => {
      child.stdin.end()
      const hasEnded = () => Promise.resolve(over ? true : undefined)
      if (!(await poll(hasEnded, { timeoutMs: 10_000, intervalMs: 20 }))) child.kill('SIGKILL')
      const ledger = follow.read()
      follow.close()
      return ledger
    },
  }
}
