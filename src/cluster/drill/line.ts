import { HactlError } from '../../diag/diagnostic.ts'
import type { Command, CommandResult, Connect, ConnectionSpec, Transport } from '../../transport/transport.ts'

/** A connection to a host that may be switched off, cut or frozen at any moment. */
export interface Line {
  readonly host: string
  /** Runs commands in one round trip; undefined when no answer came within the time. Never rejects for that. */
  run(commands: readonly Command[], timeoutMs: number): Promise<readonly CommandResult[] | undefined>
  close(): Promise<void>
}

const expired = Symbol('expired')

/** Resolves with `expired` when the time is over first. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | typeof expired> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof expired>((resolve) => {
    timer = setTimeout(() => resolve(expired), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

const lost = (error: unknown): undefined => {
  if (error instanceof HactlError) return undefined
  throw error
}

/** Opens nothing yet: the first `run` connects, and whatever breaks is connected anew by the next one. */
export function openLine(spec: ConnectionSpec, connect: Connect): Line {
  let transport: Transport | undefined
  const drop = (): void => {
    // What was under way is over for us; nobody waits for its end.
    void transport?.close()
    transport = undefined
  }
  const dial = async (ms: number): Promise<Transport | undefined> => {
    const stop = new AbortController()
    const made = connect(
      { ...spec, connectTimeoutMs: Math.min(ms, spec.connectTimeoutMs) },
      { signal: stop.signal },
    )
    const opened = await within(ms, made.catch(lost))
    if (opened !== expired) return opened
    stop.abort()
    void made.then((late) => late.close()).catch(() => undefined)
    return undefined
  }
  return {
    host: spec.host,
    run: async (commands, timeoutMs) => {
      const deadline = performance.now() + timeoutMs
      transport ??= await dial(timeoutMs)
      if (transport === undefined) return undefined
      const left = Math.max(1, deadline - performance.now())
      const results = await within(left, transport.batch(commands).catch(lost))
      if (results !== expired && results !== undefined) return results
      drop()
      return undefined
    },
    close: async () => {
      const open = transport
      transport = undefined
      if (open) await within(3000, open.close())
    },
  }
}
