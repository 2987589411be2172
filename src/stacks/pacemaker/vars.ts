import type { Static } from 'typebox'
import { Type } from '../../lib/type.ts'
import { text } from '../../schema/build.ts'
import { DURATION_PATTERN } from '../../lib/duration.ts'

const name = (description: string, more: Readonly<Record<string, unknown>> = {}) =>
  Type.String({ description, pattern: '^[a-z_][a-z0-9_]{0,62}$', ...more })

const setting = Type.Union([Type.String(), Type.Number(), Type.Boolean()], {
  description: 'A value as in postgresql.conf: text with unit, a number, true or false.',
})

const hbaRule = Type.String({
  description: 'One line of pg_hba.conf, e.g. "host app app 10.77.0.0/24 scram-sha-256".',
  pattern: '^(local|host|hostssl|hostnossl|hostgssenc|hostnogssenc)\\s',
})

const role = Type.Object(
  {
    name: name('Name of the role.'),
    password: Type.Optional(text({ description: 'Its password; refer to a secret.' })),
    login: Type.Boolean({ description: 'Whether it may log in.', default: true }),
    superuser: Type.Boolean({ description: 'Whether it is a superuser.', default: false }),
    replication: Type.Boolean({ description: 'Whether it may replicate.', default: false }),
    createdb: Type.Boolean({ description: 'Whether it may create databases.', default: false }),
    createrole: Type.Boolean({ description: 'Whether it may create roles.', default: false }),
    connection_limit: Type.Integer({ description: 'Most connections at a time; -1: no limit.', default: -1 }),
    member_of: Type.Array(name('A role.'), { description: 'Roles it is a member of.', default: [] }),
  },
  { description: 'A role that applications use.' },
)

const database = Type.Object(
  {
    name: name('Name of the database.'),
    owner: name('Role that owns it.', { default: 'postgres' }),
  },
  { description: 'A database.' },
)

const postgres = Type.Object(
  {
    version: Type.Integer({
      description: 'Major version: 12 to 18; 96, 10 and 11 with recovery.conf.',
      default: 15,
      minimum: 10,
      maximum: 99,
    }),
    port: Type.Integer({ description: 'TCP port.', default: 5432, minimum: 1, maximum: 65_535 }),
    cluster_name: Type.String({
      description: "Name of the server's cluster in Debian's layout.",
      default: 'main',
      pattern: '^[A-Za-z0-9_-]+$',
    }),
    data_dir: Type.Optional(
      Type.String({ description: "Data directory; default: the distribution's place.", pattern: '^/' }),
    ),
    settings: Type.Map(setting, {
      description: "Settings of your own; they win over hactl's, except those the cluster depends on.",
      default: {},
    }),
    hba: Type.Array(hbaRule, { description: 'Who may connect, after the rules hactl needs.', default: [] }),
    roles: Type.Array(role, { description: 'Roles of applications.', default: [] }),
    databases: Type.Array(database, { description: 'Databases.', default: [] }),
    checksums: Type.Boolean({
      description: 'Page checksums of a new data directory; an existing one is left as it is.',
      default: true,
    }),
    encoding: Type.String({ description: 'Encoding of a new data directory.', default: 'UTF8' }),
    locale: Type.String({ description: 'Locale of a new data directory.', default: 'C.UTF-8' }),
  },
  { description: 'PostgreSQL on every member.', default: {} },
)

const replication = Type.Object(
  {
    mode: Type.Enum(['sync', 'async', 'strict', 'quorum'], {
      description:
        'sync: one standby confirms every commit; when it is lost the primary goes on alone. async: none does. ' +
        'strict and quorum come with a later release.',
      default: 'sync',
    }),
    user: name('Role that standbys connect as; its password is the secret replication_password.', {
      default: 'replicator',
    }),
    restore_command: Type.Optional(
      Type.String({ description: 'restore_command of standbys, to fetch archived WAL.' }),
    ),
  },
  { description: 'Streaming replication between the members.', default: {} },
)

const vip = (what: string) =>
  Type.Object(
    {
      address: Type.String({
        description: 'IPv4 address with prefix length, e.g. 10.77.0.20/24.',
        pattern: '^(\\d{1,3}\\.){3}\\d{1,3}/\\d{1,2}$',
      }),
    },
    { description: what },
  )

const guard = Type.Object(
  {
    none: Type.Optional(
      Type.String({
        description: 'There is none, in your own words: the sentence that accepts two primaries after a cut.',
        minLength: 10,
      }),
    ),
    fencing: Type.Optional(Type.Unknown({ description: 'Comes with a later release.' })),
    qdevice: Type.Optional(Type.Unknown({ description: 'Comes with a later release.' })),
    lock: Type.Optional(Type.Unknown({ description: 'Comes with a later release.' })),
  },
  { description: 'What keeps two primaries apart, beside the quorum of three and more members.' },
)

const failure = Type.Object(
  {
    threshold: Type.Integer({
      description: 'Failures of PostgreSQL on one member until it is given up there.',
      default: 3,
      minimum: 1,
    }),
    forget_after: Type.String({
      description: 'Time without a failure after which earlier ones are forgotten.',
      pattern: DURATION_PATTERN,
      default: '10m',
    }),
  },
  { description: 'How failures are counted.', default: {} },
)

/** The variable `cluster` of this stack; the published schema and every default come from here. */
export const vars = Type.Object(
  {
    name: Type.String({
      description: 'Name of the cluster: letters, digits, "-" and "_".',
      pattern: '^[A-Za-z][A-Za-z0-9_-]{0,14}$',
    }),
    stack: Type.Literal('pacemaker', { description: 'Corosync, Pacemaker and streaming replication.' }),
    postgres,
    replication,
    writer_vip: vip('Address that follows the primary; standbys replicate through it too.'),
    reader_vip: Type.Optional(
      vip('Address on a standby, the sync one first; on the primary when no standby is left.'),
    ),
    timing: Type.Enum(['fast', 'normal', 'safe'], {
      description:
        'How soon a silent member is given up: fast for one data centre (token 3 s), normal (5 s), safe for slow or ' +
        'busy networks (10 s).',
      default: 'fast',
    }),
    guard: Type.Optional(guard),
    failure,
    agent: Type.Enum(['pgsql'], {
      description:
        "Resource agent that runs PostgreSQL: the distribution's pgsql, with its known defects cured.",
      default: 'pgsql',
    }),
    firewall: Type.Object(
      {
        open_ports: Type.Boolean({
          description:
            "Whether an active firewalld or ufw lets clients reach PostgreSQL's port, and members each other's pcsd " +
            'and Corosync. Only openings are added.',
          default: false,
        }),
      },
      { description: 'The firewall of the members.', default: {} },
    ),
  },
  { description: 'A cluster of the stack pacemaker.' },
)

/** The variable with defaults filled in. */
export type PacemakerVars = Static<typeof vars>
