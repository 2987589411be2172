import { defineFact } from '../../engine/module.ts'
import type { Fact } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'
import { readServer } from './server.ts'
import type { RunningServer } from './server.ts'
import type { Server } from './sql.ts'

type Scope = Readonly<Record<string, unknown>>

const record = (value: unknown): Scope =>
  typeof value === 'object' && value !== null ? (value as Scope) : {}

/**
 * The server that facts speak of: the variable `postgres` of the host (`port`, `account`, `socket_dir`), else
 * `cluster.postgres`, else the server on port 5432.
 */
export function factServer(scope: Scope): Server {
  const own = { ...record(record(scope['cluster'])['postgres']), ...record(scope['postgres']) }
  const socket = own['socket_dir']
  return {
    port: typeof own['port'] === 'number' ? own['port'] : 5432,
    account: typeof own['account'] === 'string' ? own['account'] : 'postgres',
    ...(typeof socket === 'string' && { socket_dir: socket }),
  }
}

/** A fact about the running server; undefined while none runs. */
const serverFact = (name: string, about: string, pick: (server: RunningServer) => unknown): Fact =>
  defineFact({
    name: `postgres.${name}`,
    about: `${about} Not defined while the server does not run.`,
    async read(probe: Probe, scope: Scope = {}) {
      const server = await readServer(probe, factServer(scope))
      return server.running ? pick(server) : undefined
    },
  })

/** Readings of the host's server, all from one psql call. */
export const postgresFacts: readonly Fact[] = [
  defineFact({
    name: 'postgres.running',
    about: 'Whether the server of the host answers.',
    async read(probe: Probe, scope: Scope = {}) {
      return (await readServer(probe, factServer(scope))).running
    },
  }),
  serverFact('version', 'Version number of the server, e.g. 150018.', (server) => server.version),
  serverFact('in_recovery', 'Whether it is a standby.', (server) => server.inRecovery),
  serverFact('primary', 'Whether it is a primary.', (server) => !server.inRecovery),
  serverFact('timeline', 'Timeline it is on.', (server) => server.timeline ?? undefined),
  serverFact(
    'system_identifier',
    'Identifier made by initdb, the same on a primary and its standbys.',
    (server) => server.systemIdentifier,
  ),
  serverFact('pending_restart', 'Whether a changed setting waits for a restart.', (server) =>
    server.settings.some((row) => row.pendingRestart),
  ),
]
