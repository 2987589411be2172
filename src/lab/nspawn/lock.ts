import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Progress } from '../driver.ts'
import { labEnv } from '../run.ts'
import { labHome } from './paths.ts'

export interface LockOptions {
  readonly progress?: Progress
  readonly signal?: AbortSignal
  /** Default half an hour: an image is built within it on a slow line. */
  readonly timeoutMs?: number
}

/**
 * Does `work` while holding a lock of this machine. The kernel holds it for a small helper that ends with us,
 * so a process that is killed leaves no stale lock behind.
 */
export async function withLock<T>(name: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const dir = join(labHome(), 'locks')
  mkdirSync(dir, { recursive: true, mode: 0o755 })
  const seconds = Math.ceil((options.timeoutMs ?? 1_800_000) / 1000)
  const holder = spawn(
    'flock',
    [
      '--no-fork',
      '--timeout',
      String(seconds),
      join(dir, `${name}.lock`),
      'sh',
      '-c',
      'echo held; read -r _',
    ],
    // Its own process group: Ctrl-C must not give the lock away before the work has stopped.
    { stdio: ['pipe', 'pipe', 'inherit'], env: labEnv(), detached: true },
  )
  const release = (): void => void holder.stdin.end()
  const waiting = setTimeout(
    () => options.progress?.(`waiting for another hactl that works on ${name}`),
    2000,
  )
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdin.on('error', () => undefined)
      holder.stdout.once('data', () => resolve())
      holder.once('error', reject)
      holder.once('exit', () =>
        reject(new HactlError(problem('lab/locked', `${name} stayed locked for ${seconds} s`), EXIT.failed)),
      )
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error), { once: true })
    })
    clearTimeout(waiting)
    return await work()
  } finally {
    clearTimeout(waiting)
    holder.removeAllListeners('exit')
    release()
    // A holder that still waits for the lock does not read its input.
    if (options.signal?.aborted) holder.kill('SIGKILL')
  }
}
