import type { PostgresVars } from './vars.ts'

/** What clients connect with. */
export interface Target {
  readonly hosts: readonly string[]
  readonly port: number
  readonly database: string
  readonly user: string
}

/** Connection strings by kind of driver. */
export interface ConnectionStrings {
  readonly libpq: string
  readonly uri: string
  readonly jdbc: string
  readonly go: string
}

/** An IPv6 address stands in brackets where a port follows. */
const inUri = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/**
 * Strings that find the primary among several hosts. One host (an address that moves, a proxy) needs no search.
 * Sources of the words: libpq's documentation, "Specifying Multiple Hosts"; pgJDBC's "Connection Fail-over"
 * (`targetServerType`); pgx, which reads libpq's forms. No password is in them.
 */
export function connectionStrings({ hosts, port, database, user }: Target): ConnectionStrings {
  const several = hosts.length > 1
  const ports = hosts.map(() => port).join(',')
  const pairs = hosts.map((host) => `${inUri(host)}:${port}`).join(',')
  const libpq = `host=${hosts.join(',')} port=${ports} dbname=${database} user=${user}`
  const search = several ? ' target_session_attrs=read-write connect_timeout=3' : ''
  const query = several ? '?target_session_attrs=read-write&connect_timeout=3' : ''
  const fallback = several ? '&targetServerType=primary&loginTimeout=5&connectTimeout=3' : ''
  const path = `${encodeURIComponent(user)}@${pairs}/${encodeURIComponent(database)}`
  return {
    libpq: `${libpq}${search}`,
    uri: `postgresql://${path}${query}`,
    jdbc: `jdbc:postgresql://${pairs}/${encodeURIComponent(database)}?user=${encodeURIComponent(user)}${fallback}`,
    go: `postgres://${path}${query}`,
  }
}

/** Strings for the application of an inventory: its first database and that one's owner. */
export function clientsOf(postgres: PostgresVars, hosts: readonly string[], port: number): readonly string[] {
  const [database] = postgres.databases
  const strings = connectionStrings({
    hosts,
    port,
    database: database?.name ?? 'postgres',
    user: database?.owner ?? 'postgres',
  })
  return [...new Set([strings.libpq, strings.uri, strings.jdbc, strings.go])]
}
