import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import type { Diagnostic } from '../diag/diagnostic.ts'
import type { TransportFailure } from './transport.ts'

/** How a channel ended. With `error` the connection broke; without, the remote process ended by itself. */
export interface Ending {
  readonly error?: Error
  readonly code?: number
  readonly signal?: string
  /** The runner had spoken before. */
  readonly started: boolean
  /** The last of what came on stderr and, before the runner started, on stdout. */
  readonly said: string
}

/** Both directions of the one channel. */
export interface Pipe {
  write(data: Buffer): void
  /** Ends the input: the runner kills what runs and removes its folder. */
  end(): void
  destroy(): void
  /** Reads nothing from the host for a while, or goes on. */
  hold(held: boolean): void
}

export interface PipeEvents {
  readonly stdout: (data: Buffer) => void
  readonly stderr: (data: Buffer) => void
  /** Called once, after the last data. */
  readonly closed: (ending: Pick<Ending, 'error' | 'code' | 'signal'>) => void
}

/** What a session needs from the way a host is reached. */
export interface Opener {
  readonly host: string
  /** Starts the runner; `early` (its text and the first frame) goes out without waiting for an answer. */
  open(boot: string, early: Buffer, events: PipeEvents): Promise<Pipe>
  /** Why the session ended; undefined when the cause is cured (a password was asked for): open again. */
  explain(ending: Ending): Promise<HactlError | undefined>
  close(): Promise<void>
}

/** How long output may still come after the remote shell has ended, when a command of its still holds the channel. */
const LAST_WORDS_MS = 500

/** Reports the end once: when the channel is closed, or soon after the remote shell ended. */
export function endOnce(closed: PipeEvents['closed']): {
  readonly exited: (ending: Pick<Ending, 'code' | 'signal'>) => void
  readonly closed: (error: Error | undefined) => void
} {
  let ending: Pick<Ending, 'code' | 'signal'> | undefined
  let timer: NodeJS.Timeout | undefined
  let done = false
  const report = (error?: Error): void => {
    if (done) return
    done = true
    clearTimeout(timer)
    closed(ending ?? (error ? { error } : {}))
  }
  return {
    exited: (how) => {
      ending = how
      timer = setTimeout(report, LAST_WORDS_MS)
    },
    closed: report,
  }
}

/** A HactlError of the transport: `ssh/<failure>` with exit 4, or 130 when cancelled. */
export const transportError = (
  failure: TransportFailure,
  host: string,
  summary: string,
  more: Partial<Diagnostic> = {},
): HactlError =>
  new HactlError(
    problem(`ssh/${failure}`, summary, { ...more, on: { host } }),
    failure === 'cancelled' ? EXIT.interrupted : EXIT.unreachable,
  )

/** The same error for everything that was interrupted by the user. */
export const cancelledError = (host: string): HactlError =>
  transportError('cancelled', host, `${host}: interrupted`)
