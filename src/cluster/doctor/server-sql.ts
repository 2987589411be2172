/** Settings whose running value decides whether commits are safe. */
const SETTINGS = [
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'synchronous_standby_names',
  'wal_sender_timeout',
  'wal_log_hints',
  'data_checksums',
  'max_slot_wal_keep_size',
  'default_transaction_read_only',
]

const current = `substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)`

/** One row of JSON, for PostgreSQL 10 and later; connection strings are reduced to the host they name. */
export const serverSql = `select json_build_object(
'recovery', pg_is_in_recovery(),
'timeline', case when pg_is_in_recovery() then coalesce((select received_tli from pg_stat_wal_receiver),
    greatest((select timeline_id from pg_control_checkpoint()), (select min_recovery_end_timeline from pg_control_recovery())))
  else ('x' || ${current})::bit(32)::int end,
'lsn', case when pg_is_in_recovery() then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) else pg_current_wal_lsn() end,
'started', pg_postmaster_start_time(),
'receiver', (select json_build_object('status', status, 'host', substring(conninfo from 'host=([^ ]+)'), 'end', latest_end_lsn)
  from pg_stat_wal_receiver),
'upstream', substring(current_setting('primary_conninfo', true) from 'host=([^ ]+)'),
'senders', (select coalesce(json_agg(json_build_object('name', application_name, 'state', state, 'sync', sync_state,
  'flush', flush_lsn)), '[]') from pg_stat_replication),
'slots', (select coalesce(json_agg(json_build_object('name', slot_name, 'active', active,
  'wal', to_jsonb(s) ->> 'wal_status', 'held', case when not pg_is_in_recovery() then pg_current_wal_lsn() - restart_lsn end)
  order by slot_name), '[]') from pg_replication_slots s),
'settings', (select json_object_agg(name, setting) from pg_settings where name in (${SETTINGS.map((name) => `'${name}'`).join(', ')})),
'pending', (select coalesce(json_agg(json_build_object('name', name, 'now', setting)), '[]') from pg_settings where pending_restart),
'hbaErrors', (select coalesce(json_agg(json_build_object('line', line_number, 'error', error)), '[]')
  from pg_hba_file_rules where error is not null),
'fileErrors', (select coalesce(json_agg(json_build_object('name', name, 'error', error, 'file', sourcefile, 'line', sourceline)), '[]')
  from pg_file_settings f where error is not null
    and not exists (select from pg_settings s where s.name = f.name and s.pending_restart)),
'archiver', (select json_build_object('failing', coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false),
  'wal', last_failed_wal, 'since', last_failed_time) from pg_stat_archiver where current_setting('archive_mode') <> 'off'),
'waiting', (select count(*) from pg_stat_activity where wait_event = 'SyncRep'),
'history', case when not pg_is_in_recovery() then pg_read_file('pg_wal/' || ${current} || '.history', 0, 1000000, true) end)`
