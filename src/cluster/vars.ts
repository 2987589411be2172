import type { Static } from 'typebox'
import { Type } from '../lib/type.ts'
import { nameOf, text } from '../schema/build.ts'

const setting = Type.Union([Type.String(), Type.Number(), Type.Boolean()], {
  description: 'A value as in postgresql.conf: text with unit, a number, true or false.',
})

const hbaRule = Type.String({
  description: 'One line of pg_hba.conf, e.g. "host app app 10.77.0.0/24 scram-sha-256".',
  pattern: '^(local|host|hostssl|hostnossl|hostgssenc|hostnogssenc)\\s',
})

const role = Type.Object(
  {
    name: nameOf('role', 'Name of the role.'),
    password: Type.Optional(text({ description: 'Its password; refer to a secret.' })),
    login: Type.Boolean({ description: 'Whether it may log in.', default: true }),
    superuser: Type.Boolean({ description: 'Whether it is a superuser.', default: false }),
    replication: Type.Boolean({ description: 'Whether it may replicate.', default: false }),
    createdb: Type.Boolean({ description: 'Whether it may create databases.', default: false }),
    createrole: Type.Boolean({ description: 'Whether it may create roles.', default: false }),
    connection_limit: Type.Integer({ description: 'Most connections at a time; -1: no limit.', default: -1 }),
    member_of: Type.Array(nameOf('roleThere', 'A role.'), {
      description: 'Roles it is a member of.',
      default: [],
    }),
  },
  { description: 'A role that applications use.' },
)

const database = Type.Object(
  {
    name: nameOf('database', 'Name of the database.'),
    owner: nameOf('roleThere', 'Role that owns it.', { default: 'postgres' }),
  },
  { description: 'A database.' },
)

/** PostgreSQL itself: what every stack's `cluster.postgres` holds. */
export const postgres = Type.Object(
  {
    version: Type.Integer({
      description: 'Major version: 12 to 18; 96, 10 and 11 with recovery.conf.',
      default: 15,
      minimum: 10,
      maximum: 99,
    }),
    port: Type.Integer({ description: 'TCP port.', default: 5432, minimum: 1, maximum: 65_535 }),
    cluster_name: nameOf('server', "Name of the server's cluster in Debian's layout.", { default: 'main' }),
    data_dir: Type.Optional(nameOf('folder', "Data directory; default: the distribution's place.")),
    settings: Type.Map(setting, {
      description: "Settings of your own; they win over hactl's, except those the cluster depends on.",
      default: {},
      propertyNames: { kind: 'setting' },
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

/** A virtual address. */
export const vip = (what: string) =>
  Type.Object(
    {
      address: Type.String({
        description: 'IPv4 address with prefix length, e.g. 10.77.0.20/24.',
        pattern: '^(\\d{1,3}\\.){3}\\d{1,3}/\\d{1,2}$',
      }),
    },
    { description: what },
  )

/** A TCP port. */
export const portOf = (description: string, preset: number) =>
  Type.Integer({ description, default: preset, minimum: 1, maximum: 65_535 })

/** One word for data safety in every stack. */
export const modeOf = (description: string) =>
  Type.Enum(['sync', 'async', 'strict', 'quorum'], { description, default: 'sync' })

export type PostgresVars = Static<typeof postgres>
