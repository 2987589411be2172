import type { PostgresVars } from './vars.ts'

export type SettingValue = string | number | boolean

/** `15`; `9.6` for 96. */
const versionText = (version: number): string => (version === 96 ? '9.6' : String(version))

/** A major version as a number to compare: 96 is older than 10. */
export const major = (version: number): number => (version === 96 ? 9.6 : version)

/** Files of PostgreSQL on Debian (postgresql-common's layout). */
export function debianPaths(postgres: PostgresVars) {
  const version = versionText(postgres.version)
  return {
    version,
    binDir: `/usr/lib/postgresql/${version}/bin`,
    dataDir: postgres.data_dir ?? `/var/lib/postgresql/${version}/${postgres.cluster_name}`,
    confDir: `/etc/postgresql/${version}/${postgres.cluster_name}`,
    socketDir: '/var/run/postgresql',
  } as const
}

/** Settings one over the other: a name is one whatever its case, as the server takes it (guc_name_compare). */
export const overSettings = (
  base: Readonly<Record<string, SettingValue>>,
  own: Readonly<Record<string, SettingValue>>,
): Readonly<Record<string, SettingValue>> => ({
  ...base,
  ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name.toLowerCase(), value])),
})

/** Settings that initdb and Debian would write by the host; here every member has the same. */
export function commonSettings(postgres: PostgresVars): Readonly<Record<string, SettingValue>> {
  return {
    ...(major(postgres.version) >= 10
      ? { password_encryption: 'scram-sha-256' }
      : { password_encryption: true }),
    timezone: 'Etc/UTC',
    log_timezone: 'Etc/UTC',
    lc_messages: postgres.locale,
    lc_monetary: postgres.locale,
    lc_numeric: postgres.locale,
    lc_time: postgres.locale,
    default_text_search_config: 'pg_catalog.english',
    ssl: true,
    ssl_cert_file: '/etc/ssl/certs/ssl-cert-snakeoil.pem',
    ssl_key_file: '/etc/ssl/private/ssl-cert-snakeoil.key',
  }
}

/** The method of pg_hba.conf for passwords. */
export const passwordMethod = ({ version }: PostgresVars): string =>
  major(version) >= 10 ? 'scram-sha-256' : 'md5'
