import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe, Reading } from '../../engine/probe.ts'
import type { CommandResult } from '../../transport/transport.ts'
import type { StoredPassword } from './scram.ts'
import { serverSql } from './server-sql.ts'
import type { Wants } from './server-sql.ts'
import { connection, psql } from './sql.ts'
import type { Server } from './sql.ts'

/** One row of pg_settings. */
export interface Setting {
  readonly name: string
  readonly setting: string | null
  readonly unit: string | null
  readonly vartype: 'bool' | 'integer' | 'real' | 'enum' | 'string'
  readonly context: string
  readonly source: string
  readonly sourcefile: string | null
  readonly sourceline: number | null
  readonly pendingRestart: boolean
}

/** Where a setting stands in the files. */
export interface FileSetting {
  readonly value: string | null
  readonly file: string
  readonly line: number
}

export interface RoleRow {
  readonly name: string
  readonly login: boolean
  readonly superuser: boolean
  readonly replication: boolean
  readonly createdb: boolean
  readonly createrole: boolean
  readonly connectionLimit: number
  /** ISO time in UTC, `infinity`, or null for no limit. */
  readonly validUntil: string | null
  readonly memberOf: readonly string[]
  readonly password: StoredPassword
  /** May call what pg_rewind calls; null before 11. */
  readonly rewind: boolean | null
  /** Objects that depend on it in all databases: owned, or with a grant to it. */
  readonly owns: number
}

export interface DatabaseRow {
  readonly name: string
  readonly owner: string
  readonly encoding: string
  readonly collate: string
  readonly ctype: string
}

/** What one psql call read of a running server. */
export interface RunningServer {
  readonly running: true
  /** `server_version_num`: 150018, 90624. */
  readonly version: number
  readonly serverVersion: string
  readonly inRecovery: boolean
  readonly dataDirectory: string
  readonly configFile: string
  readonly hbaFile: string
  readonly systemIdentifier: string
  readonly timeline: number | null
  /** State of a standby's WAL receiver: `streaming`, `starting` …; null without one. */
  readonly receiver: string | null
  /** The settings asked for, and all that wait for a restart. */
  readonly settings: readonly Setting[]
  /** Lower-case name → last entry in the files as they are now, of the settings asked for. */
  readonly fileSettings?: Readonly<Record<string, FileSetting>>
  readonly roles?: readonly RoleRow[]
  readonly databases?: readonly DatabaseRow[]
  /** pg_hba.conf has not been written since it was loaded. */
  readonly hbaLoaded?: boolean
  readonly hbaErrors?: readonly { readonly line: number; readonly error: string }[]
}

export type ServerState = RunningServer | { readonly running: false; readonly why: string }

interface Key {
  readonly target: string
  readonly port: number
  readonly wants: Wants
}

const NOTHING: Wants = { settings: [], roles: [], databases: [], hba: false }

/** psql once for every server; the exit code follows on its own line, messages are told apart by a heading. */
const SCRIPT = `sql=$(cat); n=0
for c do
  echo "==$n" >&2; n=$((n+1))
  printf '%s\\n' "$sql" | ${psql('"$c"').join(' ')}
  echo "rc=$?"
done`

const merge = (wants: readonly Wants[]): Wants => ({
  settings: [...new Set(wants.flatMap((want) => want.settings))].sort(),
  roles: [...new Set(wants.flatMap((want) => want.roles))].sort(),
  databases: [...new Set(wants.flatMap((want) => want.databases))].sort(),
  hba: wants.some((want) => want.hba),
})

const targetsOf = (keys: readonly Key[]): readonly string[] => [...new Set(keys.map((key) => key.target))]

/** Messages of a client that found no server. LC_ALL=C holds for psql itself. */
const NO_SERVER = /Is the server running|No such file or directory|Connection refused/
/** The server's own words may be translated; its start and end are short, so this is only a nicer message. */
const NOT_READY = /starting up|shutting down|not yet accepting|recovery/
const NO_CLIENT = /psql: (?:command )?not found|psql: No such file|user .* does not exist|unknown user/i

function failure(code: number, stderr: string, key: Key): ServerState {
  if (code === 127 || NO_CLIENT.test(stderr))
    return { running: false, why: 'PostgreSQL is not installed yet' }
  if (code === 2 && NO_SERVER.test(stderr)) {
    return { running: false, why: `no server answers on port ${key.port}` }
  }
  if (code === 2 && NOT_READY.test(stderr)) {
    return { running: false, why: `the server on port ${key.port} does not accept connections yet` }
  }
  const summary = `the server on port ${key.port} cannot be queried (psql exit code ${code})`
  throw new HactlError(
    problem('postgres/cannot-query', summary, {
      detail: stderr.trim(),
      hint: 'the account that owns the server must be able to log in over the local socket (`local all postgres peer` in pg_hba.conf)',
    }),
    EXIT.failed,
  )
}

function answers(result: CommandResult, count: number): { code: number; json: string; stderr: string }[] {
  const errors = new Map(
    result.stderr.split(/^==/m).flatMap((part) => {
      const match = /^(\d+)\n([\s\S]*)$/.exec(part)
      return match ? [[Number(match[1]), match[2] ?? '']] : []
    }),
  )
  const codes = [...result.stdout.matchAll(/(^\{.*\n)?^rc=(\d+)$/gm)]
  return Array.from({ length: count }, (_, index) => ({
    code: codes[index] ? Number(codes[index][2]) : result.code || 1,
    json: codes[index]?.[1] ?? '',
    stderr: errors.get(index) ?? result.stderr,
  }))
}

const readings = new Map<string, Reading<ServerState>>()

/** The reading of all servers of one account: whatever tasks ask of one server in a tick is one psql. */
function serverReading(owner: string): Reading<ServerState> {
  const known = readings.get(owner)
  if (known) return known
  const reading: Reading<ServerState> = {
    name: `postgres ${owner}`,
    command(texts) {
      const keys = texts.map((text) => JSON.parse(text) as Key)
      const sql = serverSql(merge(keys.map((key) => key.wants)))
      return {
        argv: ['sh', '-c', SCRIPT, 'psql', ...targetsOf(keys)],
        as: owner,
        stdin: sql,
        timeoutMs: 30_000 * targetsOf(keys).length,
      }
    },
    parse(result, texts) {
      const keys = texts.map((text) => JSON.parse(text) as Key)
      const targets = targetsOf(keys)
      const found = answers(result, targets.length)
      return new Map(
        keys.map((key, index) => {
          const { code, json, stderr } = found[targets.indexOf(key.target)] ?? {
            code: 1,
            json: '',
            stderr: '',
          }
          const state: ServerState =
            code === 0 && json !== ''
              ? { running: true, ...(JSON.parse(json) as Omit<RunningServer, 'running'>) }
              : failure(code, stderr, key)
          return [texts[index] ?? '', state] as const
        }),
      )
    },
    // A server starts and stops with its unit, its cluster manager or its package.
    resource: (text) => [`postgres:${(JSON.parse(text) as Key).port}`, 'unit:*', 'cib:*', 'package:*'],
  }
  readings.set(owner, reading)
  return reading
}

/** Reads a server, running or not. */
export const readServer = (probe: Probe, server: Server, wants: Partial<Wants> = {}): Promise<ServerState> =>
  probe.ask(
    serverReading(server.account),
    JSON.stringify({
      target: connection(server),
      port: server.port,
      wants: { ...NOTHING, ...wants },
    } satisfies Key),
  )

/** Reads a server that must run. Throws NotYet when it does not. */
export async function readRunning(
  probe: Probe,
  server: Server,
  wants: Partial<Wants> = {},
): Promise<RunningServer> {
  const state = await readServer(probe, server, wants)
  if (!state.running) throw new NotYet(state.why)
  return state
}
