import { LIMITS } from '../../cluster/restart-order.ts'
import type { Replication } from '../../cluster/status.ts'
import { features, walNames } from '../../modules/postgres/versions.ts'
import type { Command, CommandResult } from '../../transport/transport.ts'

/** One row of pg_stat_replication. */
export interface WalSender {
  readonly name: string
  readonly state: Replication['state']
  readonly sync: Replication['sync']
  readonly replay: string | null
  readonly flush: string | null
}

/** One row of pg_replication_slots; `wal` since PostgreSQL 13: reserved, extended, unreserved or lost. */
export interface Slot {
  readonly name: string
  readonly active: boolean
  readonly wal: string | null
}

/** What one server says of itself. */
export interface Server {
  readonly recovery: boolean
  readonly version: string
  readonly system?: string
  readonly timeline: number | null
  readonly lsn: string | null
  readonly replay: string | null
  readonly paused: boolean
  readonly senders: readonly WalSender[]
  readonly receiver: string | null
  readonly syncNames: string
  readonly slots?: readonly Slot[]
  readonly pending: readonly string[]
  /** Running values of the settings whose value a standby must not be below. */
  readonly limits?: Readonly<Record<string, number>> | null
  /** The history file of a primary's timeline; null when it is the first. */
  readonly history?: string | null
}

const limits = Object.keys(LIMITS)
  .map((name) => `'${name}'`)
  .join(', ')

/**
 * One row of JSON with everything a server knows of itself. The history file is named by the timeline that writes now:
 * pg_control knows the new one only after the first checkpoint.
 */
export function serverSql(version: number): string {
  const wal = walNames(version)
  const now = `${wal.currentLsn}()`
  const writing = `substr(${wal.walFileName}(${now}), 1, 8)`
  const replayed = `${wal.replayLsn}()`
  return `select json_build_object(
'recovery', pg_is_in_recovery(),
'version', split_part(current_setting('server_version'), ' ', 1),
'system', (select system_identifier::text from pg_control_system()),
'timeline', case when pg_is_in_recovery() then coalesce((select received_tli from pg_stat_wal_receiver),
    greatest((select timeline_id from pg_control_checkpoint()), (select min_recovery_end_timeline from pg_control_recovery())))
  else ('x' || ${writing})::bit(32)::int end,
'lsn', case when pg_is_in_recovery() then greatest(${wal.receiveLsn}(), ${replayed}) else ${now} end,
'replay', case when pg_is_in_recovery() then ${replayed} end,
'paused', case when pg_is_in_recovery() then ${wal.isReplayPaused}() else false end,
'senders', (select coalesce(json_agg(json_build_object('name', application_name, 'state', state, 'sync', sync_state,
  'flush', ${wal.flushColumn}, 'replay', ${wal.replayColumn})), '[]') from pg_stat_replication),
'receiver', (select status from pg_stat_wal_receiver),
'syncNames', current_setting('synchronous_standby_names'),
'slots', (select coalesce(json_agg(json_build_object('name', slot_name, 'active', active,
  'wal', ${features(version).slotWalStatus ? 'wal_status' : 'null::text'}) order by slot_name), '[]') from pg_replication_slots),
'history', case when not pg_is_in_recovery() then pg_read_file('${wal.directory}/' || ${writing} || '.history', 0, 1000000, true) end,
'limits', (select json_object_agg(name, setting::bigint) from pg_settings where name in (${limits})),
'pending', (select coalesce(json_agg(name), '[]') from pg_settings where pending_restart))`
}

/** Where a server of a host is asked. */
export interface Asked {
  readonly version: number
  readonly socketDir: string
  readonly port: number
}

/** The command that asks the server of a host for everything, without waiting for one that hangs. */
export const serverCommand = ({ version, socketDir, port }: Asked): Command => ({
  argv: ['psql', '-XAtqw', '-h', socketDir, '-p', String(port), '-d', 'postgres', '-c', serverSql(version)],
  as: 'postgres',
  env: { PGCONNECT_TIMEOUT: '3', PGOPTIONS: '-c statement_timeout=5000' },
  timeoutMs: 10_000,
})

/** What the server answered, else the last line of why it did not. Pure. */
export function serverIn({
  code,
  stdout,
  stderr,
}: CommandResult): { readonly server: Server } | { readonly refusal: string } {
  return code === 0 && stdout.trim().startsWith('{')
    ? { server: JSON.parse(stdout) as Server }
    : { refusal: stderr.trim().split('\n').at(-1) ?? '' }
}
