/** A headless Chromium, driven over a pipe by its DevTools protocol: no package, no port. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

type Json = Readonly<Record<string, unknown>>

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly params?: Json
  readonly result?: Json
  readonly error?: { readonly message: string }
}

export interface Browser {
  /** Sends one command to the page and waits for its answer. */
  send(method: string, params?: Json): Promise<Json>
  /** Resolves at the next event of this name. */
  once(event: string): Promise<void>
  /** What the page wrote to the console, and what its policy forbade. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

const PATIENCE_MS = 60_000

/** Starts Chromium with one empty page. */
export async function openBrowser(program = 'chromium'): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'hactl-browser-'))
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run']
  const child = spawn(program, [...flags, `--user-data-dir=${profile}`, '--remote-debugging-pipe'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const input = child.stdio[3] as Writable
  const output = child.stdio[4] as Readable
  const waiting = new Map<number, { done: (result: Json) => void; fail: (error: Error) => void }>()
  const heard = new Map<string, () => void>()
  const complaints: string[] = []
  let [next, rest, session] = [1, '', '']
  const hear = ({ id, method, params, result, error }: Answer): void => {
    if (id !== undefined) {
      const { done, fail } = waiting.get(id) ?? {}
      waiting.delete(id)
      if (error) fail?.(new Error(error.message))
      else done?.(result ?? {})
      return
    }
    heard.get(method ?? '')?.()
    heard.delete(method ?? '')
    if (method === 'Log.entryAdded' || method === 'Runtime.exceptionThrown') {
      complaints.push(JSON.stringify(params))
    }
  }
  output.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\0')
    rest = messages.pop() ?? ''
    for (const message of messages) hear(JSON.parse(message) as Answer)
  })
  child.on('exit', () => {
    for (const { fail } of waiting.values()) fail(new Error(`${program} has ended`))
  })
  const send = (method: string, params: Json = {}): Promise<Json> =>
    new Promise((done, fail) => {
      const id = next++
      const late = setTimeout(() => fail(new Error(`${method} was not answered`)), PATIENCE_MS)
      waiting.set(id, {
        done: (result) => {
          clearTimeout(late)
          done(result)
        },
        fail,
      })
      input.write(
        `${JSON.stringify({ id, method, params, ...(session !== '' && { sessionId: session }) })}\0`,
      )
    })
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
  session = String((await send('Target.attachToTarget', { targetId, flatten: true }))['sessionId'])
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`)
  return {
    send,
    once: (event) => new Promise((done) => heard.set(event, done)),
    complaints,
    close: async () => {
      const ended = new Promise((done) => child.once('exit', done))
      child.kill()
      await ended
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
