import type { Static } from 'typebox'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { defineAction } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { serverArgs, serverTouches } from './args.ts'
import { readRunning } from './server.ts'
import { connection, psql, sqlStep } from './sql.ts'

const argsSchema = Type.Object({
  mb: Type.Integer({
    description: 'Megabytes of WAL behind the last checkpoint that are few enough.',
    default: 4,
    minimum: 1,
  }),
  ...serverArgs,
})

type Args = Static<typeof argsSchema>

/** Bytes of WAL behind the last checkpoint, and its timeline; before version 10 the WAL was called xlog. */
const SQL = (version: number): string => {
  const behind =
    version >= 100_000
      ? 'pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)'
      : 'pg_xlog_location_diff(pg_current_xlog_location(), redo_location)'
  return `select ${behind}::bigint || ' ' || timeline_id from pg_control_checkpoint();\n`
}

async function done(probe: Probe, args: Args): Promise<boolean> {
  const server = await readRunning(probe, args)
  if (server.inRecovery) throw new NotYet(`the server on port ${args.port} is no primary yet`)
  const { code, stdout, stderr } = await probe.run(psql(connection(args)), {
    as: args.account,
    stdin: SQL(server.version),
    dependsOn: [`postgres:${args.port}`],
    timeoutMs: 30_000,
  })
  if (code !== 0) {
    const detail = stderr.trim()
    throw new HactlError(
      problem('postgres/cannot-query', 'the last checkpoint is not known', { detail }),
      EXIT.failed,
    )
  }
  const [behind = '', timeline = ''] = stdout.trim().split(' ')
  return Number(behind) <= args.mb * 1_048_576 && Number(timeline) === server.timeline
}

/** A checkpoint that is young enough. */
export const postgresCheckpoint = defineAction({
  name: 'postgres_checkpoint',
  about:
    'A primary has a checkpoint of its own timeline with little WAL behind it: a stop is short, and its control file tells of a promotion.',
  args: argsSchema,
  examples: ['postgres_checkpoint: { port: 5432 }'],
  label: ({ port }) => String(port),
  done,
  steps: (args) => [sqlStep(args, 'checkpoint;\n', { timeoutMs: 600_000 })],
  touches: ({ port }) => serverTouches(port),
})
