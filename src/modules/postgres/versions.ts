import { isOldVersion } from './layout.ts'

/** Majors that hactl knows, oldest first; 96 is 9.6. */
export const VERSIONS = [96, 10, 11, 12, 13, 14, 15, 16, 17, 18] as const

/** Major versions as numbers that compare: 9.6 is 9.6, not 96. */
const order = (version: number): number => (isOldVersion(version) ? version / 10 : version)

const from = (version: number, since: number): boolean => order(version) >= order(since)

interface SettingHistory {
  readonly since?: number
  /** First version without it. */
  readonly until?: number
  /** What to write from then on; undefined: nothing. */
  readonly becomes?: (value: string) => readonly [name: string, value: string] | undefined
}

/** A WAL segment is 16 MB unless initdb was told otherwise. */
const segmentsToSize = (value: string): readonly [string, string] => [
  'wal_keep_size',
  /^\d+$/.test(value) ? `${Number(value) * 16}MB` : value,
]

/** Settings of replication that came, went or changed their name between 9.6 and 18 (release notes). */
const SETTINGS: Readonly<Record<string, SettingHistory>> = {
  wal_keep_segments: { until: 13, becomes: segmentsToSize },
  wal_keep_size: { since: 13 },
  max_slot_wal_keep_size: { since: 13 },
  wal_receiver_create_temp_slot: { since: 13 },
  idle_replication_slot_timeout: { since: 18 },
  sync_replication_slots: { since: 17 },
  synchronized_standby_slots: { since: 17 },
  summarize_wal: { since: 17 },
  primary_conninfo: { since: 12 },
  primary_slot_name: { since: 12 },
  restore_command: { since: 12 },
  archive_cleanup_command: { since: 12 },
  recovery_end_command: { since: 12 },
  recovery_target_timeline: { since: 12 },
  promote_trigger_file: { since: 12, until: 16 },
  stats_temp_directory: { until: 15 },
  vacuum_defer_cleanup_age: { until: 16 },
  old_snapshot_threshold: { until: 17 },
  force_parallel_mode: { until: 16, becomes: (value) => ['debug_parallel_query', value] },
  operator_precedence_warning: { until: 14 },
  vacuum_cleanup_index_scale_factor: { until: 14 },
  default_with_oids: { until: 12 },
  sql_inheritance: { until: 10 },
  replacement_sort_tuples: { until: 11 },
  scram_iterations: { since: 16 },
}

/** Values that newer versions still take but call by another word. */
const VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  wal_level: { hot_standby: 'replica', archive: 'replica' },
}

export interface Fitted {
  readonly settings: Readonly<Record<string, string>>
  /** Settings left out because this version has none of that name. */
  readonly dropped: readonly string[]
}

function fitOne(version: number, name: string, value: string): readonly [string, string] | undefined {
  const history = SETTINGS[name.toLowerCase()]
  if (history?.until !== undefined && from(version, history.until)) return history.becomes?.(value)
  if (history?.since !== undefined && !from(version, history.since)) return undefined
  return [name, VALUES[name.toLowerCase()]?.[value.toLowerCase()] ?? value]
}

/** Fits settings to a version: renamed ones under their new name, ones it does not know left out and named. */
export function fitSettings(version: number, settings: Readonly<Record<string, string>>): Fitted {
  const fitted: Record<string, string> = {}
  const dropped: string[] = []
  for (const [name, value] of Object.entries(settings)) {
    const next = fitOne(version, name, value)
    if (!next) dropped.push(name)
    else if (next[0] === name || !(next[0] in settings)) fitted[next[0]] = next[1]
  }
  return { settings: fitted, dropped }
}

/** Names of functions, columns and folders that say `xlog` before 10 and `wal` since. */
export interface WalNames {
  readonly currentLsn: string
  readonly receiveLsn: string
  readonly replayLsn: string
  readonly lsnDiff: string
  readonly walFileName: string
  readonly switchWal: string
  readonly replayPause: string
  readonly replayResume: string
  readonly isReplayPaused: string
  /** Columns of pg_stat_replication. */
  readonly sentColumn: string
  readonly flushColumn: string
  readonly replayColumn: string
  readonly directory: 'pg_wal' | 'pg_xlog'
}

/** WAL names of a major version. */
export const walNames = (version: number): WalNames =>
  from(version, 10)
    ? {
        currentLsn: 'pg_current_wal_lsn',
        receiveLsn: 'pg_last_wal_receive_lsn',
        replayLsn: 'pg_last_wal_replay_lsn',
        lsnDiff: 'pg_wal_lsn_diff',
        walFileName: 'pg_walfile_name',
        switchWal: 'pg_switch_wal',
        replayPause: 'pg_wal_replay_pause',
        replayResume: 'pg_wal_replay_resume',
        isReplayPaused: 'pg_is_wal_replay_paused',
        sentColumn: 'sent_lsn',
        flushColumn: 'flush_lsn',
        replayColumn: 'replay_lsn',
        directory: 'pg_wal',
      }
    : {
        currentLsn: 'pg_current_xlog_location',
        receiveLsn: 'pg_last_xlog_receive_location',
        replayLsn: 'pg_last_xlog_replay_location',
        lsnDiff: 'pg_xlog_location_diff',
        walFileName: 'pg_xlogfile_name',
        switchWal: 'pg_switch_xlog',
        replayPause: 'pg_xlog_replay_pause',
        replayResume: 'pg_xlog_replay_resume',
        isReplayPaused: 'pg_is_xlog_replay_paused',
        sentColumn: 'sent_location',
        flushColumn: 'flush_location',
        replayColumn: 'replay_location',
        directory: 'pg_xlog',
      }

/** What a version can do that a playbook must know. */
export const features = (version: number) => ({
  scram: from(version, 10),
  /** pg_promote(). */
  promoteFunction: from(version, 12),
  standbySignal: from(version, 12),
  /** pg_rewind with a role that is no superuser. */
  rewindGrants: from(version, 11),
  /** pg_rewind -c / --restore-target-wal. */
  rewindRestoresWal: from(version, 13),
  /** pg_rewind -R writes the standby's settings. */
  rewindWritesRecovery: from(version, 13),
  quorumCommit: from(version, 10),
  checksumsByDefault: from(version, 18),
  hbaFileRules: from(version, 10),
  /** pg_replication_slots.wal_status, and wal_keep_size in place of wal_keep_segments. */
  slotWalStatus: from(version, 13),
})

/** Major version of a `server_version_num`: 150018 → 15, 90624 → 96. */
export const majorOf = (versionNum: number): number =>
  versionNum >= 100_000
    ? Math.floor(versionNum / 10_000)
    : Math.floor(versionNum / 10_000) * 10 + (Math.floor(versionNum / 100) % 100)
