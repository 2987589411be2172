import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import type { ExitCode } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'
import { toTerminal, visibleJson } from '../lib/terminal.ts'
import { colorPaint, plainPaint } from '../report/paint.ts'
import type { Paint } from '../report/paint.ts'
import type { View } from '../report/view.ts'
import { interrupt, stopQuietly } from './interrupt.ts'

let noColor = false
let closed = false
let view: View | undefined

/** Lets a live view have the terminal: what is written meanwhile goes through it. `undefined` takes it back. */
export function giveTerminal(to: View | undefined): void {
  view = to
}

/** What the options of the called verb say about output. Set once, before the verb's action. */
export function setOutput(options: { readonly color?: boolean }): void {
  noColor = options.color === false
}

async function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (text === '' || closed) return
  if (view !== undefined && stream.isTTY) {
    view.log(text.replace(/\n$/, ''))
    return
  }
  await send(stream, toTerminal(text))
}

async function send(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (stream.write(text)) return
  await new Promise<void>((resolve) => stream.once('drain', resolve))
}

/** Writes to standard output what the user asked for byte by byte: a terminal obeys the control characters in it. */
export const outRaw = async (text: string): Promise<void> =>
  text === '' || closed ? undefined : send(process.stdout, text)

/** Writes to standard output, with control characters shown; resolves when the reader keeps up. */
export const out = (text: string): Promise<void> => write(process.stdout, text)

/** Writes one or more lines to standard output. */
export const print = (...lines: readonly string[]): Promise<void> =>
  out(lines.map((line) => `${line}\n`).join(''))

/** Writes a value as JSON to standard output: indented, or on one line for `jsonl`. */
export const printJson = (value: unknown, format: 'json' | 'jsonl' = 'json'): Promise<void> =>
  print(visibleJson(JSON.stringify(value, undefined, format === 'json' ? 2 : undefined)))

/** Writes one or more lines to standard error: what is not the verb's result. */
export const note = (...lines: readonly string[]): Promise<void> =>
  write(process.stderr, lines.map((line) => `${line}\n`).join(''))

/** The exit code of the process when the verb ends without an error; default 0. */
export function setExit(code: ExitCode): void {
  process.exitCode = code
}

const isCi = (): boolean => !['', '0', 'false', undefined].includes(process.env['CI'])

/** A person can be asked: both ends are a terminal and this is no CI job. */
export const interactive = (): boolean => process.stdin.isTTY && process.stdout.isTTY && !isCi()

/** Colours for a stream: only on a terminal, not with `--no-color`, NO_COLOR or TERM=dumb; FORCE_COLOR overrides the terminal. */
export function paint(stream: NodeJS.WriteStream = process.stdout): Paint {
  const env = process.env
  if (noColor || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return plainPaint
  const forced = !['', '0', undefined].includes(env['FORCE_COLOR'])
  return forced || stream.isTTY ? colorPaint : plainPaint
}

/** Columns and rows of the terminal; 80 by 24 without one. */
export function size(): { readonly columns: number; readonly rows: number } {
  const { columns, rows, isTTY } = process.stdout
  return isTTY ? { columns: columns || 80, rows: rows || 24 } : { columns: 80, rows: 24 }
}

/** Ends quietly when the reader of standard output has gone (`| head`). */
export function watchPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
      closed = true
      // A verb that changes hosts first finishes its step; nothing else has anything left to do.
      if (interrupt.finishes()) stopQuietly()
      else process.exit()
    })
  }
}

/** How a question is answered where nobody can be asked. */
export interface Consent {
  /** The flag that gives the answer beforehand, e.g. `--yes` or `--allow restart-primary`. */
  readonly flag: string
}

function refuse(question: string, consent: Consent): HactlError {
  return new HactlError(
    problem('cli/not-confirmed', `nobody can be asked here: ${question}`, {
      hint: `answer with ${consent.flag}, or run it in a terminal`,
    }),
    EXIT.refused,
  )
}

const stopped = (): HactlError => new HactlError(problem('cli/interrupted', 'interrupted'), EXIT.interrupted)

/** Swallows what readline echoes while a secret is typed. */
const silence = (): Writable =>
  new Writable({
    write(_chunk, _encoding, done) {
      done()
    },
  })

async function readLine(question: string, hidden: boolean): Promise<string> {
  const signal = AbortSignal.any([interrupt.soft, interrupt.hard])
  if (signal.aborted) throw stopped()
  view?.pause()
  const output = hidden ? silence() : process.stdout
  const lines = createInterface({ input: process.stdin, output, terminal: hidden })
  // Only now, with the echo off: what is typed at the question must never show.
  process.stdout.write(`${toTerminal(question)} `)
  try {
    return await new Promise<string>((resolve, reject) => {
      const stop = (): void => reject(stopped())
      // In raw mode Ctrl-C arrives as a key, not as a signal.
      lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))
      signal.addEventListener('abort', stop, { once: true })
      lines.once('line', resolve)
      lines.once('close', stop)
    })
  } finally {
    lines.close()
    process.stdin.pause()
    if (hidden) process.stdout.write('\n')
    view?.resume()
  }
}

/**
 * Asks a question and gives the trimmed answer. Throws HactlError: exit 5 where nobody can be asked (it
 * names the flag), exit 130 when the user gives up.
 */
export async function ask(question: string, consent: Consent): Promise<string> {
  if (!interactive()) throw refuse(question, consent)
  return (await readLine(question, false)).trim()
}

/** As `ask`, without an echo. */
export async function askSecret(question: string, consent: Consent): Promise<Secret> {
  if (!interactive()) throw refuse(question, consent)
  return new Secret(await readLine(question, true))
}

/** Asks a yes-or-no question; only `y` and `yes` agree. */
export async function confirm(question: string, consent: Consent): Promise<boolean> {
  return /^y(es)?$/i.test(await ask(`${question} [y/N]`, consent))
}
