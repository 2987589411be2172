import { runWith } from '../../engine/step.ts'
import type { RunStep } from '../../engine/step.ts'
import type { Text } from '../../lib/secret.ts'
import { formatConninfo } from './conninfo.ts'

/** A string constant. `E''` where it has a backslash, so that standard_conforming_strings does not matter. */
export const literal = (value: string): string => {
  const doubled = value.replaceAll("'", "''")
  return value.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`
}

/** A quoted identifier; quoted always, so that reserved words and capitals work. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** An array constant of texts. */
export const textArray = (values: readonly string[]): string =>
  values.length === 0 ? `'{}'::text[]` : `array[${values.map(literal).join(', ')}]::text[]`

/** How to reach a server on its own host: always over its local socket, as the account that owns it. */
export interface Server {
  readonly port: number
  readonly account: string
  /** Directory of the socket; default: the one psql was built with. */
  readonly socket_dir?: string
}

/** Milliseconds a reading statement may take, and a changing one. */
const READ_MS = 15_000
const WRITE_MS = 120_000

/**
 * The argument of `psql -d`: the database with its timeouts, as a connection string so that nothing of the
 * caller's environment is needed. Lock waits end early: a change must not queue behind a long transaction.
 */
export const connection = (server: Server, database = 'postgres', statementMs = READ_MS): string =>
  formatConninfo({
    dbname: database,
    host: server.socket_dir,
    port: server.port,
    connect_timeout: 5,
    application_name: 'hactl',
    options: `-c statement_timeout=${statementMs} -c lock_timeout=10000 -c client_min_messages=warning`,
  })

/** psql without a user's start file, unaligned, rows only, no password prompt, stopping at the first error. */
export const psql = (target: string): readonly string[] => [
  'psql',
  '--no-psqlrc',
  '-A',
  '-t',
  '-q',
  '-w',
  '-v',
  'ON_ERROR_STOP=1',
  '-d',
  target,
]

/** A step that runs SQL from standard input on the server of this host. */
export const sqlStep = (
  server: Server,
  sql: Text,
  options: { readonly database?: string; readonly timeoutMs?: number } & Pick<RunStep, 'impact'> = {},
): RunStep => {
  const timeoutMs = options.timeoutMs ?? WRITE_MS
  return runWith(
    {
      as: server.account,
      stdin: sql,
      timeoutMs: timeoutMs + 10_000,
      ...(options.impact && { impact: options.impact }),
    },
    ...psql(connection(server, options.database, timeoutMs)),
  )
}
