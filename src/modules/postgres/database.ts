import type { Static } from 'typebox'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'
import type { Step } from '../../engine/step.ts'
import { Type } from '../../lib/type.ts'
import { serverArgs, serverTouches } from './args.ts'
import { readRunning } from './server.ts'
import type { DatabaseRow } from './server.ts'
import { connection, identifier, literal, psql, sqlStep } from './sql.ts'

const argsSchema = Type.Object({
  name: Type.String({ description: 'Name of the database.', minLength: 1, maxLength: 63 }),
  state: Type.Enum(['present', 'absent'], {
    description: 'absent is refused without `force`.',
    default: 'present',
  }),
  owner: Type.Optional(Type.String({ description: 'Role that owns it; left alone when not given.' })),
  encoding: Type.Optional(
    Type.String({ description: 'Encoding of a new database, e.g. UTF8; cannot change later.' }),
  ),
  locale: Type.Optional(
    Type.String({ description: 'Locale of a new database, e.g. C.UTF-8; cannot change later.' }),
  ),
  extensions: Type.Optional(
    Type.Array(Type.String(), { description: 'Extensions that are there; others are left alone.' }),
  ),
  force: Type.Boolean({ description: 'Allow `absent` to drop the database with its data.', default: false }),
  ...serverArgs,
})

type Args = Static<typeof argsSchema>

interface DatabaseState {
  readonly [field: string]: unknown
  readonly state: 'present' | 'absent'
  readonly owner?: string
  readonly encoding?: string
  readonly locale?: string
  readonly extensions?: Readonly<Record<string, string>>
  readonly context: { readonly version: number; readonly inRecovery: boolean }
}

/** `en_US.utf8` and `en_US.UTF-8` are one locale; so are the spellings of an encoding. */
const plainName = (name: string): string => name.toLowerCase().replaceAll(/[-_ ]/g, '')

const spelled = (found: string, wanted: string | undefined): string =>
  wanted !== undefined && plainName(found) === plainName(wanted) ? wanted : found

/** Extensions of a database; only asked when some are wanted. */
async function extensionsOf(probe: Probe, args: Args): Promise<readonly string[]> {
  if (args.extensions === undefined) return []
  const { code, stdout, stderr } = await probe.run(psql(connection(args, args.name)), {
    as: args.account,
    stdin: `select coalesce(jsonb_agg(extname), '[]') from pg_catalog.pg_extension;\n`,
    dependsOn: [`postgres:${args.port}`],
  })
  if (code !== 0) {
    const summary = `database ${args.name} cannot be read`
    throw new HactlError(problem('postgres/cannot-query', summary, { detail: stderr.trim() }), EXIT.failed)
  }
  return JSON.parse(stdout) as readonly string[]
}

function localeOf(row: DatabaseRow, wanted: string | undefined): string {
  const collate = spelled(row.collate, wanted)
  const ctype = spelled(row.ctype, wanted)
  return collate === ctype ? collate : `${collate} (ctype ${ctype})`
}

async function current(probe: Probe, args: Args): Promise<DatabaseState> {
  const server = await readRunning(probe, args, { databases: [args.name] })
  const context = { version: server.version, inRecovery: server.inRecovery }
  const row = server.databases?.find((each) => each.name === args.name)
  if (!row) return { state: 'absent', context }
  const there = new Set(server.inRecovery ? [] : await extensionsOf(probe, args))
  return {
    state: 'present',
    owner: row.owner,
    encoding: spelled(row.encoding, args.encoding),
    locale: localeOf(row, args.locale),
    extensions: Object.fromEntries(
      (args.extensions ?? []).map((name) => [name, there.has(name) ? 'present' : 'missing']),
    ),
    context,
  }
}

/** What is compared. On a standby nothing is: its databases come from the primary. */
function desired(args: Args, { context }: DatabaseState): Partial<DatabaseState> {
  if (context.inRecovery) return {}
  if (args.state === 'absent') return { state: 'absent' }
  const { owner, encoding, locale, extensions } = args
  return {
    state: 'present',
    ...(owner !== undefined && { owner }),
    ...(encoding !== undefined && { encoding }),
    ...(locale !== undefined && { locale }),
    ...(extensions !== undefined && {
      extensions: Object.fromEntries(extensions.map((name) => [name, 'present'])),
    }),
  }
}

function dropSteps(args: Args, version: number): readonly Step[] {
  const name = identifier(args.name)
  const sql =
    version >= 130_000
      ? `drop database ${name} with (force);\n`
      : `select pg_terminate_backend(pid) from pg_stat_activity where datname = ${literal(args.name)};\ndrop database ${name};\n`
  return [sqlStep(args, sql, { impact: 'destructive' })]
}

/** template0, because only it may be copied with another encoding or locale. */
function createSql(args: Args): string {
  const options = [
    ...(args.owner === undefined ? [] : [`owner ${identifier(args.owner)}`]),
    ...(args.encoding === undefined ? [] : [`encoding ${literal(args.encoding)}`]),
    ...(args.locale === undefined
      ? []
      : [`lc_collate ${literal(args.locale)} lc_ctype ${literal(args.locale)}`]),
    ...(args.encoding === undefined && args.locale === undefined ? [] : ['template template0']),
  ]
  return `create database ${[identifier(args.name), ...options].join(' ')};\n`
}

function steps(from: DatabaseState, to: Partial<DatabaseState>, args: Args): readonly Step[] {
  if (args.state === 'absent') return dropSteps(args, from.context.version)
  const missing = (args.extensions ?? []).filter((name) => from.extensions?.[name] !== 'present')
  return [
    ...(from.state === 'absent' ? [sqlStep(args, createSql(args))] : []),
    ...(from.state === 'present' && to.owner !== undefined && to.owner !== from.owner
      ? [sqlStep(args, `alter database ${identifier(args.name)} owner to ${identifier(to.owner)};\n`)]
      : []),
    ...(missing.length > 0
      ? [
          sqlStep(
            args,
            missing.map((name) => `create extension if not exists ${identifier(name)};\n`).join(''),
            {
              database: args.name,
            },
          ),
        ]
      : []),
  ]
}

function refuse(from: DatabaseState, to: Partial<DatabaseState>, args: Args): Diagnostic | undefined {
  if (args.state === 'absent') {
    if (args.force) return undefined
    return problem('postgres/drop-refused', `database ${args.name} would be dropped with its data`, {
      hint: 'take a backup, then say `force: true`',
    })
  }
  if (from.state === 'absent') return undefined
  for (const field of ['encoding', 'locale'] as const) {
    if (to[field] === undefined || to[field] === from[field]) continue
    return problem(
      'postgres/cannot-change',
      `database ${args.name} has ${field} ${from[field]}, not ${to[field]}, and cannot change it`,
      { hint: 'dump it and load it into a new database, or correct the inventory' },
    )
  }
  return undefined
}

/** A database. */
export const postgresDatabase = defineModule({
  name: 'postgres_database',
  about:
    'Keep a database with its owner and extensions. On a standby nothing is compared: databases replicate from the primary.',
  args: argsSchema,
  examples: [
    `postgres_database:
  name: app
  owner: app
  encoding: UTF8
  extensions: [pg_stat_statements]`,
  ],
  current,
  desired,
  steps,
  refuse,
  touches: ({ port }) => serverTouches(port),
})
