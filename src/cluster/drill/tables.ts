import { createHash } from 'node:crypto'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { poll } from '../../lib/poll.ts'
import type { CommandResult } from '../../transport/transport.ts'
import { SCHEMA, SCHEMA_COMMENT } from './client-config.ts'
import type { Line } from './line.ts'
import type { Site } from './site.ts'
import type { Snapshot } from './verdict.ts'

/** SQL that makes the schema, unless somebody else's stands there. `quote_ident` is not needed: names of roles need no quotes here. */
export const tablesSql = (user: string, connections: number): string => `do $$
begin
  if exists (select from pg_namespace where nspname = '${SCHEMA}'
      and coalesce(obj_description(oid, 'pg_namespace'), '') <> '${SCHEMA_COMMENT}') then
    raise exception 'schema ${SCHEMA} was not made by hactl';
  end if;
end $$;
drop schema if exists ${SCHEMA} cascade;
create schema ${SCHEMA} authorization ${user};
comment on schema ${SCHEMA} is '${SCHEMA_COMMENT}';
set role ${user};
create table ${SCHEMA}.writes (id bigint not null, part smallint not null, worker smallint not null, at timestamptz not null default clock_timestamp());
create index on ${SCHEMA}.writes (id);
create table ${SCHEMA}.counters (worker smallint primary key, n bigint not null);
insert into ${SCHEMA}.counters select worker, 0 from generate_series(0, ${connections - 1}) worker`

const REMOVE = `set client_min_messages = warning; drop schema if exists ${SCHEMA} cascade`

/** Rows as `1:0 2:012`, counters as `0=3 1=4`. From the tables themselves, not from an index: that is what is compared. */
export const readSql = `set enable_indexscan = off; set enable_indexonlyscan = off; set enable_bitmapscan = off;
select coalesce((select string_agg(id || ':' || parts, ' ' order by id) from
  (select id, string_agg(part::text, '' order by part) as parts from ${SCHEMA}.writes group by id) each), '')
|| '|' || coalesce((select string_agg(worker || '=' || n, ' ' order by worker) from ${SCHEMA}.counters), '')`

/** Runs SQL on a member as the superuser, over its own socket. */
async function psql(
  { socketDir, port, database }: Site,
  line: Line,
  sql: string,
  timeoutMs: number,
): Promise<CommandResult | undefined> {
  const argv = [
    'psql',
    '-XAtqw',
    '-v',
    'ON_ERROR_STOP=1',
    '-h',
    socketDir,
    '-p',
    String(port),
    '-d',
    database,
    '-f',
    '-',
  ]
  const env = { PGCONNECT_TIMEOUT: '3', LC_ALL: 'C' }
  const results = await line.run(
    [{ argv, as: 'postgres', stdin: `${sql};\n`, env, timeoutMs }],
    timeoutMs + 2000,
  )
  return results?.[0]
}

const failed = (what: string, result: CommandResult | undefined): HactlError =>
  new HactlError(
    problem('drill/sql', what, { detail: result?.stderr.trim() ?? 'the host did not answer' }),
    EXIT.failed,
  )

/** Makes the tables anew on the primary. Throws HactlError when PostgreSQL refuses. */
export async function makeTables(site: Site, primary: Line, connections: number): Promise<void> {
  const result = await psql(site, primary, tablesSql(site.user, connections), 15_000)
  if (result?.code !== 0) throw failed(`the tables of the drill cannot be made on ${primary.host}`, result)
}

/** Removes the tables; gives whether they are gone. */
export async function removeTables(site: Site, primary: Line): Promise<boolean> {
  return (await psql(site, primary, REMOVE, 15_000))?.code === 0
}

/** A snapshot from what `READ` printed. Pure. */
export function parseSnapshot(member: string, text: string): Snapshot {
  const [rows = '', counters = ''] = text.trim().split('|')
  const pairs = (part: string, by: string): readonly (readonly [number, string])[] =>
    part
      .split(' ')
      .filter((each) => each !== '')
      .map((each) => {
        const [key = '', value = ''] = each.split(by)
        return [Number(key), value] as const
      })
  return {
    member,
    rows: new Map(pairs(rows, ':')),
    counters: new Map(pairs(counters, '=').map(([worker, n]) => [worker, Number(n)])),
  }
}

/** What a member holds, and a checksum over it. */
export interface Held {
  readonly snapshot: Snapshot
  readonly checksum: string
}

/** What all members hold. */
export interface Tables {
  readonly primary?: string
  readonly members: ReadonlyMap<string, Held>
  /** Members that could not be read, or did not catch up. */
  readonly unread: readonly string[]
}

/** What a member holds, and the checksum over it. Undefined when it cannot be read. */
export async function readTables(site: Site, line: Line): Promise<Held | undefined> {
  const result = await psql(site, line, readSql, 30_000)
  if (result?.code !== 0) return undefined
  const text = result.stdout.trim()
  const checksum = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return { snapshot: parseSnapshot(line.host, text), checksum }
}

/** Waits until a standby has replayed what the primary has written so far; false when it has not in time. */
export async function caughtUp(
  site: Site,
  primary: Line,
  standby: Line,
  timeoutMs: number,
): Promise<boolean> {
  const end = (await psql(site, primary, 'select pg_current_wal_lsn()', 5000))?.stdout.trim()
  if (end === undefined || !/^[0-9A-F]+\/[0-9A-F]+$/.test(end)) return false
  const sql = `select coalesce(pg_last_wal_replay_lsn() >= '${end}', false)`
  const read = async () => ((await psql(site, standby, sql, 5000))?.stdout.trim() === 't' ? true : undefined)
  return (await poll(read, { timeoutMs, intervalMs: 300 })) === true
}

/** When the newest history file was written on a member: at its promotion. Milliseconds since 1970. */
export async function promotedAt(site: Site, line: Line): Promise<number | undefined> {
  const sql = `select extract(epoch from modification) * 1000 from pg_ls_waldir() where name like '%.history' order by name desc limit 1`
  const text = (await psql(site, line, sql, 5000))?.stdout.trim()
  return text === undefined || text === '' ? undefined : Number(text)
}

/** The newest history file of a member: what its timelines left, and where. */
export async function historyOf(site: Site, line: Line): Promise<string | undefined> {
  const sql = `select pg_read_file('pg_wal/' || name) from pg_ls_waldir() where name ~ '^[0-9A-F]{8}\\.history$' order by name desc limit 1`
  const result = await psql(site, line, sql, 5000)
  return result?.code === 0 && result.stdout.trim() !== '' ? result.stdout : undefined
}

/** The tables of all members once they have caught up, for which each has `timeoutMs`; those that could not be read are named. */
export async function readMembers(
  site: Site,
  lines: ReadonlyMap<string, Line>,
  primary: string | undefined,
  timeoutMs = 20_000,
): Promise<Tables> {
  const lead = primary === undefined ? undefined : lines.get(primary)
  if (lead === undefined) return { members: new Map(), unread: [...lines.keys()] }
  const members = new Map<string, Held>()
  const unread: string[] = []
  for (const [name, line] of lines) {
    const isReady = name === primary || (await caughtUp(site, lead, line, timeoutMs))
    const read = isReady ? await readTables(site, line) : undefined
    if (read) members.set(name, read)
    else unread.push(name)
  }
  return { members, unread, ...(primary !== undefined && { primary }) }
}
