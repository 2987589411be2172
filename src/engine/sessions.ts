import { EXIT, HactlError, problem, type Diagnostic } from '../diag/diagnostic.ts'
import { pool } from '../lib/pool.ts'
import type { Host } from '../inventory/inventory.ts'
import type { Connect, ConnectOptions } from '../transport/transport.ts'
import type { Session } from './context.ts'
import type { Emit } from './events.ts'
import { createProber } from './prober.ts'

export interface OpenOptions extends ConnectOptions {
  readonly connect: Connect
  readonly forks: number
  readonly emit?: Emit
}

export interface Opened {
  readonly sessions: ReadonlyMap<string, Session>
  readonly failures: ReadonlyMap<string, Diagnostic>
  close(): Promise<void>
}

/** Opens all hosts side by side. A host that cannot be reached is a failure in the result, not a rejection. */
export async function openHosts(hosts: readonly Host[], options: OpenOptions): Promise<Opened> {
  const sessions = new Map<string, Session>()
  const failures = new Map<string, Diagnostic>()
  await pool(hosts, options.forks, async (host) => {
    const started = performance.now()
    try {
      sessions.set(host.name, await openHost(host, options))
      options.emit?.({ kind: 'host-connected', host: host.name, ms: Math.round(performance.now() - started) })
    } catch (error) {
      if (!(error instanceof HactlError) || error.exit === EXIT.interrupted) throw error
      const first = error.diagnostics[0] ?? problem('ssh/unreachable', error.message)
      failures.set(host.name, { ...first, on: { host: host.name } })
    }
  })
  return {
    sessions,
    failures,
    close: async () => {
      await Promise.all([...sessions.values()].map(({ transport }) => transport.close()))
    },
  }
}

async function openHost(host: Host, options: OpenOptions): Promise<Session> {
  const open = async () => {
    const transport = await options.connect(host.connection, options)
    return { transport, prober: createProber(transport, options.signal) }
  }
  const session: Session = {
    ...(await open()),
    reopen: async () => {
      await session.transport.close()
      Object.assign(session, await open())
    },
  }
  return session
}
