import { textArray } from './sql.ts'

/** What to read of a server beside its basics; names of many tasks are merged into one query. */
export interface Wants {
  readonly settings: readonly string[]
  readonly roles: readonly string[]
  readonly databases: readonly string[]
  readonly hba: boolean
}

/** Functions that pg_rewind calls on its source server (its manual, "Notes"); grantable from version 11. */
export const REWIND_FUNCTIONS = [
  'pg_catalog.pg_ls_dir(text, boolean, boolean)',
  'pg_catalog.pg_stat_file(text, boolean)',
  'pg_catalog.pg_read_binary_file(text)',
  'pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)',
] as const

/**
 * Runs a query whose text depends on the version, because an unknown function name is an error even where it
 * is never called, and keeps its one value in a session setting for the final query.
 */
const remember = (name: string, query: string): string =>
  `execute ${query} into r; perform set_config('hactl.${name}', coalesce(r, ''), false);`

const sqlText = (query: string): string => `$q$${query}$q$`

/** Hex hash over the stored verifier, so that the verifier itself never leaves the server. */
const roleQuery = (hash: string, rewind: string, names: readonly string[]): string =>
  sqlText(`select coalesce(jsonb_agg(jsonb_build_object(
  'name', rolname, 'login', rolcanlogin, 'superuser', rolsuper, 'replication', rolreplication,
  'createdb', rolcreatedb, 'createrole', rolcreaterole, 'connectionLimit', rolconnlimit,
  'validUntil', case when rolvaliduntil = 'infinity' then 'infinity'
    else to_char(rolvaliduntil at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end,
  'memberOf', (select coalesce(jsonb_agg(distinct g.rolname), '[]') from pg_catalog.pg_auth_members m
    join pg_catalog.pg_authid g on g.oid = m.roleid where m.member = a.oid),
  'password', jsonb_build_object('hash', ${hash},
    'kind', case when rolpassword is null then 'none' when rolpassword like 'SCRAM-SHA-256$%' then 'scram'
      when rolpassword like 'md5%' then 'md5' else 'other' end,
    'salt', case when rolpassword like 'SCRAM-SHA-256$%' then split_part(rolpassword, '$', 2) end),
  'rewind', ${rewind},
  'owns', (select count(*) from pg_catalog.pg_shdepend where refclassid = 'pg_catalog.pg_authid'::regclass
    and refobjid = a.oid)))::text, '[]')
from pg_catalog.pg_authid a where rolname = any (${textArray(names)})`)

const ROLE_HASHES = {
  from11: `encode(sha256(convert_to(rolpassword, 'UTF8')), 'hex')`,
  before: 'md5(rolpassword)',
} as const

const mayRewind = `(select bool_and(has_function_privilege(a.oid, f, 'execute')) from unnest(${textArray(REWIND_FUNCTIONS)}) f)`

/** The timeline in use: of the WAL being written, or the latest the standby has heard of. */
const TIMELINE = {
  standby: sqlText(`select greatest((select timeline_id from pg_catalog.pg_control_checkpoint()),
  (select min_recovery_end_timeline from pg_catalog.pg_control_recovery()),
  (select received_tli from pg_catalog.pg_stat_wal_receiver))::text`),
  wal: sqlText(`select (('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int)::text`),
  xlog: sqlText(
    `select (('x' || left(pg_xlogfile_name(pg_current_xlog_location()), 8))::bit(32)::int)::text`,
  ),
} as const

function prelude(wants: Wants): string {
  const parts = [
    remember(
      'timeline',
      `case when pg_is_in_recovery() then ${TIMELINE.standby} when v >= 100000 then ${TIMELINE.wal} else ${TIMELINE.xlog} end`,
    ),
  ]
  if (wants.roles.length > 0) {
    const from11 = roleQuery(ROLE_HASHES.from11, mayRewind, wants.roles)
    const before = roleQuery(ROLE_HASHES.before, 'null::boolean', wants.roles)
    parts.push(remember('roles', `case when v >= 110000 then ${from11} else ${before} end`))
  }
  if (wants.hba) {
    const rules = `select coalesce(jsonb_agg(jsonb_build_object('line', line_number, 'error', error)), '[]')::text
      from pg_catalog.pg_hba_file_rules where error is not null`
    parts.push(remember('hba', `case when v >= 100000 then ${sqlText(rules)} else 'select ''[]''' end`))
  }
  return `do $hactl$ declare v int := current_setting('server_version_num')::int; r text; begin
${parts.join('\n')}
end $hactl$;`
}

const settingsQuery = (names: readonly string[]): string =>
  `(select coalesce(jsonb_agg(jsonb_build_object('name', name, 'setting', setting, 'unit', unit,
  'vartype', vartype, 'context', context, 'source', source, 'sourcefile', sourcefile,
  'sourceline', sourceline, 'pendingRestart', pending_restart)), '[]')
from pg_catalog.pg_settings where lower(name) = any (${textArray(names)}) or pending_restart)`

/** The last entry of each name in the files as they are now: the one that counts after a reload. */
const fileQuery = (names: readonly string[]): string =>
  `(select coalesce(jsonb_object_agg(f.key, jsonb_build_object('value', setting, 'file', sourcefile, 'line', sourceline)), '{}')
from (select distinct on (lower(name)) lower(name) as key, setting, sourcefile, sourceline
  from pg_catalog.pg_file_settings where lower(name) = any (${textArray(names)}) order by lower(name), seqno desc) f)`

const databaseQuery = (names: readonly string[]): string =>
  `(select coalesce(jsonb_agg(jsonb_build_object('name', datname, 'owner', pg_get_userbyid(datdba),
  'encoding', pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype)), '[]')
from pg_catalog.pg_database where datname = any (${textArray(names)}))`

/** One query for everything wanted; it prints one line of JSON. Works from 9.6 to 18, on standbys too. */
export function serverSql(wants: Wants): string {
  const names = wants.settings.map((name) => name.toLowerCase())
  const fields = [
    `'version', current_setting('server_version_num')::int`,
    `'serverVersion', current_setting('server_version')`,
    `'inRecovery', pg_is_in_recovery()`,
    `'dataDirectory', current_setting('data_directory')`,
    `'configFile', current_setting('config_file')`,
    `'hbaFile', current_setting('hba_file')`,
    `'systemIdentifier', (select system_identifier::text from pg_catalog.pg_control_system())`,
    `'timeline', nullif(current_setting('hactl.timeline'), '')::int`,
    // Visible to superusers only, as which this runs.
    `'receiver', (select status from pg_catalog.pg_stat_wal_receiver)`,
    `'settings', ${settingsQuery(names)}`,
    ...(names.length > 0 ? [`'fileSettings', ${fileQuery(names)}`] : []),
    ...(wants.roles.length > 0 ? [`'roles', current_setting('hactl.roles')::jsonb`] : []),
    ...(wants.databases.length > 0 ? [`'databases', ${databaseQuery(wants.databases)}`] : []),
    ...(wants.hba
      ? [
          `'hbaErrors', current_setting('hactl.hba')::jsonb`,
          `'hbaLoaded', (pg_stat_file(current_setting('hba_file'))).modification <= pg_conf_load_time()`,
        ]
      : []),
  ]
  return `set search_path = pg_catalog;\n${prelude(wants)}\nselect jsonb_build_object(${fields.join(',\n')});\n`
}
