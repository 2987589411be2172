import type { Static } from 'typebox'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { defineAction } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import type { Text } from '../../lib/secret.ts'
import { mapText } from '../../lib/secret.ts'
import { Type } from '../../lib/type.ts'
import { secretText } from '../args.ts'
import { serverArgs, serverTouches } from './args.ts'
import { readRunning } from './server.ts'
import { connection, psql, sqlStep } from './sql.ts'

const argsSchema = Type.Object({
  sql: secretText('Statements to run, in one session; the first error ends it.'),
  unless: Type.String({
    description: 'Query whose one value says whether it is done already: `t`, or a number above 0.',
    minLength: 1,
  }),
  database: Type.String({ description: 'Database to connect to.', default: 'postgres' }),
  primary_only: Type.Boolean({
    description: 'On a standby it counts as done: the change replicates from the primary.',
    default: true,
  }),
  ...serverArgs,
})

type Args = Static<typeof argsSchema>

const isTrue = (value: string): boolean => value === 't' || Number(value) > 0

/** In a read-only transaction, so that a plan cannot write even by a careless query. */
const readOnly = (query: string): string => `set default_transaction_read_only = on;\n${query};\n`

async function done(probe: Probe, args: Args): Promise<boolean> {
  const server = await readRunning(probe, args)
  if (args.primary_only && server.inRecovery) return true
  const { code, stdout, stderr } = await probe.run(psql(connection(args, args.database)), {
    as: args.account,
    stdin: readOnly(args.unless),
    dependsOn: [`postgres:${args.port}`],
    timeoutMs: 30_000,
  })
  if (code === 0) return isTrue(stdout.trim().split('\n').at(-1) ?? '')
  if (/database ".*" does not exist/.test(stderr))
    throw new NotYet(`database ${args.database} is not there yet`)
  throw new HactlError(
    problem('postgres/query-failed', `the query of \`unless\` failed on port ${args.port}`, {
      detail: stderr.trim(),
      hint: 'it must be one read-only query that gives one value',
    }),
    EXIT.failed,
  )
}

const withNewline = (sql: Text): Text =>
  mapText(sql, (plain) => (plain.endsWith('\n') ? plain : `${plain}\n`))

/** SQL that no other module has, with its own test of being done. */
export const postgresQuery = defineAction({
  name: 'postgres_query',
  about: 'Run SQL on the server of the host unless a query says that it is done.',
  args: argsSchema,
  examples: [
    `postgres_query:
  sql: select pg_create_physical_replication_slot('pg2')
  unless: select count(*) from pg_replication_slots where slot_name = 'pg2'`,
  ],
  label: ({ database }) => database,
  done,
  steps: (args) => [sqlStep(args, withNewline(args.sql), { database: args.database })],
  touches: ({ port }) => serverTouches(port),
})
