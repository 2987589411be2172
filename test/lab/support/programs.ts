import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { expect } from 'vitest'
import { patient } from '../../patience.ts'

export const ROOT = resolve(import.meta.dirname, '../../..')
/** The built command line: what a user types. `npm test` builds it before. */
export const MAIN = process.env['HACTL_MAIN'] ?? join(ROOT, 'dist/cli/main.js')
/** Nothing in these tests takes longer on a quiet machine. */
const RUN_MS = 1_500_000

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

export interface Started {
  readonly kill: (signal: NodeJS.Signals) => void
  readonly ended: Promise<Ended>
  readonly hasEnded: () => boolean
  readonly output: () => string
}

/** Starts a program; it is killed at its deadline. */
export function start(argv: readonly string[], stdin = '', timeoutMs = patient(RUN_MS)): Started {
  const began = performance.now()
  const [program = '', ...args] = argv
  const child = execa(program, args, {
    cwd: ROOT,
    env: { TERM: 'dumb', NO_COLOR: '1' },
    input: stdin,
    reject: false,
    stripFinalNewline: false,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 500_000_000,
  })
  let said = ''
  child.stdout.on('data', (text: Buffer) => (said += text.toString()))
  child.stderr.on('data', (text: Buffer) => (said += text.toString()))
  let over = false
  const ended = child.then(({ exitCode, stdout, stderr, timedOut }): Ended => {
    over = true
    const late = timedOut ? `\nstill running after ${timeoutMs / 1000} s: ${argv.join(' ')}\n` : ''
    return {
      code: exitCode ?? null,
      stdout,
      stderr: stderr + late,
      ms: Math.round(performance.now() - began),
    }
  })
  return { kill: (signal) => void child.kill(signal), ended, hasEnded: () => over, output: () => said }
}

/** argv of the built command line. */
export const hactlArgv = (args: readonly string[]): readonly string[] => [process.execPath, MAIN, ...args]

/** Runs hactl to its end. */
export const hactl = (...args: readonly string[]): Promise<Ended> => start(hactlArgv(args)).ended

/** Runs hactl and fails the test with its output when the exit code is another. */
export async function must(code: number, ...args: readonly string[]): Promise<Ended> {
  const ended = await hactl(...args)
  expectCode(ended, code)
  return ended
}

/** Fails the test with what a program said when its exit code is another. */
export function expectCode(ended: Ended, code: number): void {
  const said = `${ended.stdout}\n${ended.stderr}`.trim().slice(-4000)
  expect(ended.code, `exit ${ended.code}, wanted ${code}\n${said}`).toBe(code)
}

/** A number a test measured, for whoever reads the report. */
export const measured = (what: string, value: number | string): void =>
  void process.stdout.write(`      measured: ${what}: ${value}\n`)

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
