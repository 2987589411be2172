import { hostNetwork } from '../../inventory/address.ts'
import { commonSettings, debianPaths, overSettings, passwordMethod } from '../../cluster/postgres.ts'
import type { SettingValue } from '../../cluster/postgres.ts'
import type { Host } from '../../inventory/inventory.ts'
import { addressesOf } from '../../inventory/topology.ts'
import type { Timing } from './timing.ts'
import type { PatroniVars } from './vars.ts'

/** Files of PostgreSQL; the configuration lies in the data directory, where Patroni writes it. */
export const pathsOf = ({ postgres }: PatroniVars) => ({
  ...debianPaths(postgres),
  confDir: debianPaths(postgres).dataDir,
  passfile: '/var/lib/postgresql/.pgpass_patroni',
})

/** Settings of the dynamic configuration, the same on every member, under the user's own. */
export function settingsOf(vars: PatroniVars, timing: Timing): Readonly<Record<string, SettingValue>> {
  const base = {
    wal_level: 'replica',
    hot_standby: true,
    hot_standby_feedback: true,
    max_connections: 100,
    max_wal_senders: 10,
    max_replication_slots: 10,
    max_worker_processes: 8,
    max_prepared_transactions: 0,
    max_locks_per_transaction: 64,
    ...(vars.postgres.version >= 13 ? { wal_keep_size: '512MB' } : { wal_keep_segments: 32 }),
    wal_log_hints: true,
    wal_sender_timeout: `${timing.walSenderTimeout}s`,
    wal_receiver_timeout: `${timing.walReceiverTimeout}s`,
    wal_receiver_status_interval: '1s',
    wal_retrieve_retry_interval: '500ms',
    ...commonSettings(vars.postgres),
  }
  return overSettings(base, vars.postgres.settings)
}

/** pg_hba.conf: the host's own access, replication and pg_rewind between the members, then the user's rules. */
export function hbaOf(vars: PatroniVars, hosts: readonly Host[]): readonly string[] {
  const method = passwordMethod(vars.postgres)
  const { user, rewind_user: rewind } = vars.replication
  const networks = [...new Set(hosts.flatMap(addressesOf))].flatMap((each) => hostNetwork(each) ?? [])
  return [
    'local all postgres peer',
    'local all all peer',
    // Patroni asks its own server for its history by a replication connection.
    `host replication ${user} 127.0.0.1/32 ${method}`,
    `host replication ${user} ::1/128 ${method}`,
    ...networks.flatMap((network) => [
      `host replication ${user} ${network} ${method}`,
      `host postgres ${rewind} ${network} ${method}`,
    ]),
    ...vars.postgres.hba,
  ]
}
