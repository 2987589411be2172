import { createHash } from 'node:crypto'
import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'
import type { Step } from '../../engine/step.ts'
import { reveal, Secret } from '../../lib/secret.ts'
import { Type } from '../../lib/type.ts'
import { secretText } from '../args.ts'
import { serverArgs, serverTouches } from './args.ts'
import { md5Verifier, passwordMatches, scramVerifier } from './scram.ts'
import { REWIND_FUNCTIONS } from './server-sql.ts'
import { readRunning } from './server.ts'
import type { RoleRow } from './server.ts'
import { identifier, literal, sqlStep } from './sql.ts'

const flag = (description: string, value: boolean) => Type.Boolean({ description, default: value })

const argsSchema = Type.Object({
  name: Type.String({ description: 'Name of the role.', minLength: 1, maxLength: 63 }),
  state: Type.Enum(['present', 'absent'], {
    description: 'absent is refused while anything depends on the role.',
    default: 'present',
  }),
  password: Type.Optional(
    secretText('Password; only a verifier made from it is sent. Left alone when not given.'),
  ),
  login: flag('May log in.', true),
  superuser: flag('Is a superuser.', false),
  replication: flag('May stream WAL.', false),
  createdb: flag('May create databases.', false),
  createrole: flag('May create roles.', false),
  connection_limit: Type.Integer({
    description: 'Connections at a time; -1 is no limit.',
    default: -1,
    minimum: -1,
  }),
  valid_until: Type.Optional(
    Type.String({
      description: 'Time after which the password is not accepted, e.g. 2027-01-31T00:00:00Z; or infinity.',
      pattern: String.raw`^(infinity|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d))$`,
    }),
  ),
  member_of: Type.Optional(
    Type.Array(Type.String(), { description: 'Exactly these roles; left alone when not given.' }),
  ),
  rewind: flag('May read what pg_rewind reads (version 11 and later; before, it takes a superuser).', false),
  ...serverArgs,
})

type Args = Static<typeof argsSchema>

interface RoleState {
  readonly [field: string]: unknown
  readonly state: 'present' | 'absent'
  readonly password?: 'as given' | 'another' | 'none'
  readonly login?: boolean
  readonly superuser?: boolean
  readonly replication?: boolean
  readonly createdb?: boolean
  readonly createrole?: boolean
  readonly connection_limit?: number
  readonly valid_until?: string
  readonly member_of?: readonly string[]
  readonly rewind?: boolean
  readonly context: {
    readonly version: number
    readonly inRecovery: boolean
    readonly systemIdentifier: string
    readonly row: RoleRow | undefined
  }
}

/** Role attributes that are one word of CREATE ROLE, with and without NO before it. */
const FLAGS = ['login', 'superuser', 'replication', 'createdb', 'createrole'] as const

const utc = (time: string): string =>
  time === 'infinity' ? time : new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

function passwordState(args: Args, row: RoleRow, version: number): NonNullable<RoleState['password']> {
  if (row.password.kind === 'none') return 'none'
  return args.password !== undefined &&
    passwordMatches(row.password, reveal(args.password), args.name, version)
    ? 'as given'
    : 'another'
}

async function current(probe: Probe, args: Args): Promise<RoleState> {
  const server = await readRunning(probe, args, { roles: [args.name] })
  const { version, inRecovery, systemIdentifier } = server
  const row = server.roles?.find((each) => each.name === args.name)
  const context = { version, inRecovery, systemIdentifier, row }
  if (!row) return { state: 'absent', context }
  return {
    state: 'present',
    password: passwordState(args, row, version),
    login: row.login,
    superuser: row.superuser,
    replication: row.replication,
    createdb: row.createdb,
    createrole: row.createrole,
    connection_limit: row.connectionLimit,
    valid_until: row.validUntil ?? 'infinity',
    member_of: [...row.memberOf].sort(),
    rewind: row.superuser || row.rewind === true,
    context,
  }
}

/** What is compared. On a standby nothing is: its roles come from the primary. */
function desired(args: Args, { context }: RoleState): Partial<RoleState> {
  if (context.inRecovery) return {}
  if (args.state === 'absent') return { state: 'absent' }
  const { login, superuser, replication, createdb, createrole, connection_limit } = args
  return {
    state: 'present',
    ...(args.password !== undefined && { password: 'as given' }),
    login,
    superuser,
    replication,
    createdb,
    createrole,
    connection_limit,
    ...(args.valid_until !== undefined && { valid_until: utc(args.valid_until) }),
    ...(args.member_of !== undefined && { member_of: [...args.member_of].sort() }),
    ...(args.rewind && context.version >= 110_000 && { rewind: true }),
  }
}

/**
 * A salt that no other role, cluster or earlier password has, and that is the same for plan and apply: made from the
 * cluster's identifier, the role and the verifier that it replaces. It tells nothing of the password.
 */
const saltFor = ({ systemIdentifier, row }: RoleState['context'], role: string): Buffer =>
  createHash('sha256')
    .update(`${systemIdentifier}\0${role}\0${row?.password.salt ?? ''}\0${row?.password.hash ?? ''}`)
    .digest()
    .subarray(0, 16)

function verifier(args: Args, context: RoleState['context']): string {
  const password = reveal(args.password ?? '')
  return context.version >= 100_000
    ? scramVerifier(password, { salt: saltFor(context, args.name), iterations: 4096 })
    : md5Verifier(password, args.name)
}

/** The attributes of CREATE and ALTER ROLE that differ. */
function attributes(from: RoleState, to: Partial<RoleState>, args: Args): readonly string[] {
  return [
    ...FLAGS.filter((name) => to[name] !== from[name]).map((name) => `${to[name] ? '' : 'no'}${name}`),
    ...(to.connection_limit !== from.connection_limit ? [`connection limit ${args.connection_limit}`] : []),
    ...(to.valid_until !== undefined && to.valid_until !== from.valid_until
      ? [`valid until ${literal(to.valid_until)}`]
      : []),
    ...(to.password !== undefined && to.password !== from.password
      ? [`password ${literal(verifier(args, from.context))}`]
      : []),
  ]
}

function memberships(from: RoleState, to: Partial<RoleState>, role: string): readonly string[] {
  if (to.member_of === undefined) return []
  const before = new Set(from.member_of)
  const after = new Set(to.member_of)
  return [
    ...[...after].filter((name) => !before.has(name)).map((name) => `grant ${identifier(name)} to ${role};`),
    ...[...before]
      .filter((name) => !after.has(name))
      .map((name) => `revoke ${identifier(name)} from ${role};`),
  ]
}

/** Keeps even the verifier out of the server's log, out of pg_stat_statements and out of psql's error texts. */
const QUIET = [
  String.raw`\set VERBOSITY terse`,
  "set log_statement = 'none'; set log_min_duration_statement = -1; set log_min_error_statement = 'panic';",
  'set pg_stat_statements.track_utility = off;',
]

function steps(from: RoleState, to: Partial<RoleState>, args: Args): readonly Step[] {
  const role = identifier(args.name)
  if (args.state === 'absent') return [sqlStep(args, `drop role ${role};\n`)]
  const changed = attributes(from, to, args)
  const verb = from.state === 'absent' ? 'create' : 'alter'
  const statements = [
    ...(verb === 'create' || changed.length > 0 ? [`${verb} role ${role} ${changed.join(' ')};`] : []),
    ...memberships(from, to, role),
    ...(to.rewind === true && from.rewind !== true && !args.superuser
      ? REWIND_FUNCTIONS.map((name) => `grant execute on function ${name} to ${role};`)
      : []),
  ]
  const sql = [...QUIET, 'begin;', ...statements, 'commit;', ''].join('\n')
  return [sqlStep(args, args.password === undefined ? sql : new Secret(sql))]
}

function refuse({ context }: RoleState, args: Args): Diagnostic | undefined {
  const owns = context.row?.owns ?? 0
  if (args.state === 'present' || owns === 0) return undefined
  return problem('postgres/role-in-use', `role ${args.name} cannot go: ${owns} object(s) depend on it`, {
    hint: `run REASSIGN OWNED BY ${identifier(args.name)} TO …; DROP OWNED BY ${identifier(args.name)}; in every database first`,
  })
}

/** A login or group role. */
export const postgresRole = defineModule({
  name: 'postgres_role',
  about:
    'Keep a role with its attributes, memberships and password. On a standby nothing is compared: roles replicate from the primary.',
  args: argsSchema,
  examples: [
    `postgres_role:
  name: repl
  password: "{{ secrets.replication }}"
  replication: true
  rewind: true`,
  ],
  current,
  desired,
  steps,
  refuse: (from, _to, args) => refuse(from, args),
  touches: ({ port }) => serverTouches(port),
})
