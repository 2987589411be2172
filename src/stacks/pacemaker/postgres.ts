import { hostNetwork } from '../../inventory/address.ts'
import { addressesOf } from '../../inventory/topology.ts'
import { commonSettings, debianPaths, overSettings, major, passwordMethod } from '../../cluster/postgres.ts'
import type { SettingValue } from '../../cluster/postgres.ts'
import type { Host } from '../../inventory/inventory.ts'
import type { Paths } from './agents/agent.ts'
import type { Timing } from './timing.ts'
import type { PacemakerVars } from './vars.ts'

/** Files of PostgreSQL on Debian, and those of the agent. */
export const pathsOf = ({ postgres }: PacemakerVars): Paths => ({
  ...debianPaths(postgres),
  stateDir: '/var/lib/postgresql/hactl',
  logFile: '/var/log/postgresql/pgsql-agent.log',
  // libpq knows the parameter passfile from version 10; before, only this place is looked at.
  passfile: '/var/lib/postgresql/.pgpass',
})

/**
 * Settings of every member by version, under the user's own. No tcp_keepalives on the server: they would end an
 * isolated primary's connection to its sync standby before it is stopped, as a short wal_sender_timeout would.
 */
export function settingsOf(vars: PacemakerVars, timing: Timing): Readonly<Record<string, SettingValue>> {
  const version = major(vars.postgres.version)
  const base = {
    listen_addresses: '*',
    port: vars.postgres.port,
    wal_level: 'replica',
    hot_standby: true,
    hot_standby_feedback: true,
    max_wal_senders: 10,
    max_replication_slots: 10,
    ...(version >= 13 ? { wal_keep_size: '512MB' } : { wal_keep_segments: 32 }),
    wal_log_hints: true,
    restart_after_crash: false,
    wal_sender_timeout: `${timing.walSenderTimeout}s`,
    wal_receiver_timeout: `${timing.walReceiverTimeout}s`,
    wal_receiver_status_interval: '1s',
    wal_retrieve_retry_interval: '500ms',
    ...commonSettings(vars.postgres),
  }
  return overSettings(base, vars.postgres.settings)
}

/** pg_hba.conf: the agent's access, replication between the members, then the user's rules. */
export function hbaOf(vars: PacemakerVars, hosts: readonly Host[]): readonly string[] {
  const method = passwordMethod(vars.postgres)
  const networks = [...new Set(hosts.flatMap(addressesOf))].flatMap((each) => hostNetwork(each) ?? [])
  return [
    'local all postgres peer',
    'local all all peer',
    // pg_rewind reads through a database, too.
    ...networks.map((network) => `host replication,postgres ${vars.replication.user} ${network} ${method}`),
    ...vars.postgres.hba,
  ]
}
