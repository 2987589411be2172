import type { Host } from '../../inventory/inventory.ts'
import type { Paths } from './agents/agent.ts'
import { linksOf } from './check.ts'
import type { Timing } from './timing.ts'
import type { PacemakerVars } from './vars.ts'

export type SettingValue = string | number | boolean

/** `15`; `9.6` for 96. */
const versionText = (version: number): string => (version === 96 ? '9.6' : String(version))

/** 96 is older than 10. */
const major = (version: number): number => (version === 96 ? 9.6 : version)

/** Files of PostgreSQL on Debian (postgresql-common's layout). */
export function pathsOf({ postgres }: PacemakerVars): Paths {
  const version = versionText(postgres.version)
  return {
    version,
    binDir: `/usr/lib/postgresql/${version}/bin`,
    dataDir: postgres.data_dir ?? `/var/lib/postgresql/${version}/${postgres.cluster_name}`,
    confDir: `/etc/postgresql/${version}/${postgres.cluster_name}`,
    socketDir: '/var/run/postgresql',
    stateDir: '/var/lib/postgresql/hactl',
    logFile: '/var/log/postgresql/pgsql-agent.log',
    // libpq knows the parameter passfile from version 10; before, only this place is looked at.
    passfile: '/var/lib/postgresql/.pgpass',
  }
}

/**
 * Settings of every member by version, under the user's own. No tcp_keepalives on the server: they would end an
 * isolated primary's connection to its sync standby before it is stopped, as a short wal_sender_timeout would.
 */
export function settingsOf(vars: PacemakerVars, timing: Timing): Readonly<Record<string, SettingValue>> {
  const version = major(vars.postgres.version)
  return {
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
    ...(version >= 10 ? { password_encryption: 'scram-sha-256' } : { password_encryption: true }),
    // What initdb and Debian write on the member that made the data; the others must not differ from it.
    timezone: 'Etc/UTC',
    log_timezone: 'Etc/UTC',
    lc_messages: vars.postgres.locale,
    lc_monetary: vars.postgres.locale,
    lc_numeric: vars.postgres.locale,
    lc_time: vars.postgres.locale,
    default_text_search_config: 'pg_catalog.english',
    ssl: true,
    ssl_cert_file: '/etc/ssl/certs/ssl-cert-snakeoil.pem',
    ssl_key_file: '/etc/ssl/private/ssl-cert-snakeoil.key',
    ...vars.postgres.settings,
  }
}

/** pg_hba.conf: the agent's access, replication between the members, then the user's rules. */
export function hbaOf(vars: PacemakerVars, hosts: readonly Host[]): readonly string[] {
  const method = major(vars.postgres.version) >= 10 ? 'scram-sha-256' : 'md5'
  const addresses = [...new Set(hosts.flatMap((host) => [host.connection.address, ...linksOf(host)]))]
  return [
    'local all postgres peer',
    'local all all peer',
    ...addresses
      .filter((address) => /^[\d.]+$/.test(address))
      // pg_rewind reads through a database, too.
      .map((address) => `host replication,postgres ${vars.replication.user} ${address}/32 ${method}`),
    ...vars.postgres.hba,
  ]
}
