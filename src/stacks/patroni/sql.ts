import { LIMITS } from '../../cluster/restart-order.ts'
import type { Replication } from '../../cluster/status.ts'

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
  readonly system: string
  readonly timeline: number | null
  readonly lsn: string | null
  readonly replay: string | null
  readonly paused: boolean
  readonly senders: readonly WalSender[]
  readonly receiver: string | null
  readonly syncNames: string
  readonly slots: readonly Slot[]
  readonly pending: readonly string[]
  /** Running values of the settings whose value a standby must not be below. */
  readonly limits: Readonly<Record<string, number>> | null
  /** The history file of a primary's timeline; null when it is the first. */
  readonly history: string | null
}

/**
 * One row of JSON with everything a server knows of itself, for version 10 and later. The history file is named by the
 * timeline that writes now: pg_control knows the new one only after the first checkpoint.
 */
export const serverSql = (version: number): string => {
  const now = 'pg_current_wal_lsn()'
  const writing = `substr(pg_walfile_name(${now}), 1, 8)`
  const names = Object.keys(LIMITS).map((name) => `'${name}'`)
  return `select json_build_object(
'recovery', pg_is_in_recovery(),
'version', split_part(current_setting('server_version'), ' ', 1),
'system', (select system_identifier::text from pg_control_system()),
'timeline', case when pg_is_in_recovery() then coalesce((select received_tli from pg_stat_wal_receiver),
    greatest((select timeline_id from pg_control_checkpoint()), (select min_recovery_end_timeline from pg_control_recovery())))
  else ('x' || ${writing})::bit(32)::int end,
'lsn', case when pg_is_in_recovery() then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) else ${now} end,
'replay', case when pg_is_in_recovery() then pg_last_wal_replay_lsn() end,
'paused', case when pg_is_in_recovery() then pg_is_wal_replay_paused() else false end,
'senders', (select coalesce(json_agg(json_build_object('name', application_name, 'state', state, 'sync', sync_state,
  'flush', flush_lsn, 'replay', replay_lsn)), '[]') from pg_stat_replication),
'receiver', (select status from pg_stat_wal_receiver),
'syncNames', current_setting('synchronous_standby_names'),
'slots', (select coalesce(json_agg(json_build_object('name', slot_name, 'active', active,
  'wal', ${version >= 13 ? 'wal_status' : 'null'}) order by slot_name), '[]') from pg_replication_slots),
'history', case when not pg_is_in_recovery() then pg_read_file('pg_wal/' || ${writing} || '.history', 0, 1000000, true) end,
'limits', (select json_object_agg(name, setting::bigint) from pg_settings where name in (${names.join(', ')})),
'pending', (select coalesce(json_agg(name), '[]') from pg_settings where pending_restart))`
}
