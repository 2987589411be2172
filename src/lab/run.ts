import { spawn } from 'node:child_process'
import { HactlError, EXIT, problem } from '../diag/diagnostic.ts'
import { quoteAll } from '../lib/quote.ts'

export interface RunOptions {
  readonly input?: string
  /** Every line of standard error, as it comes. */
  readonly onLine?: (line: string) => void
  readonly signal?: AbortSignal
  /** Default one minute: nothing in a lab waits for ever. */
  readonly timeoutMs?: number
  readonly env?: Readonly<Record<string, string>>
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The environment of every program the lab starts: messages in English, tools of the administrator found. */
export const labEnv = (): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ),
  LC_ALL: 'C',
  PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`,
})

/** Runs a program to its end. Rejects only when it cannot be started or the signal aborts. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  options.signal?.throwIfAborted()
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    env: { ...labEnv(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
    ...(options.signal ? { signal: options.signal } : {}),
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  let open = ''
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => {
    stderr.push(chunk)
    const lines = (open + chunk.toString()).split('\n')
    open = lines.pop() ?? ''
    for (const line of lines) options.onLine?.(line)
  })
  // A program that ends without reading its input is judged by its exit code, not by the broken pipe.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exit) => resolve(exit ?? 137))
  })
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
}

/** The last lines of a text, for a message. */
export const tail = (text: string, lines = 8): string => text.trimEnd().split('\n').slice(-lines).join('\n')

/** As `run`, and gives standard output; an exit code other than 0 is a HactlError with the last lines of stderr. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(argv, options)
  if (code === 0) return stdout
  throw new HactlError(
    problem('lab/command-failed', `"${quoteAll(argv).slice(0, 200)}" ended with exit code ${code}`, {
      detail: tail(stderr || stdout),
    }),
    EXIT.failed,
  )
}
