import { conninfoValue, passfileField } from '../../lib/escape.ts'

/** Keywords and values of a libpq connection string, e.g. `{ host: 'pg1', application_name: 'pg2' }`. */
export type Conninfo = Readonly<Record<string, string>>

/** Prints `host=pg1 user=repl`; undefined values are left out. Never put a password here: use a passfile. */
export const formatConninfo = (parts: Readonly<Record<string, string | number | undefined>>): string =>
  Object.entries(parts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${conninfoValue(String(value))}`)
    .join(' ')

/** Reads a connection string (`key = value` pairs, values quoted or not); undefined when it is malformed. */
export function parseConninfo(text: string): Conninfo | undefined {
  const pair = /\s*([A-Za-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/y
  const parts: Record<string, string> = {}
  let at = 0
  while (text.slice(at).trim() !== '') {
    pair.lastIndex = at
    const match = pair.exec(text)
    if (!match) return undefined
    parts[(match[1] ?? '').toLowerCase()] = (match[2] ?? match[3] ?? '').replaceAll(/\\(.)/gs, '$1')
    at = pair.lastIndex
  }
  return parts
}

/** One line of a passfile (.pgpass): `host:port:database:user:password`, with `:` and `\` escaped. */
export const passfileLine = (entry: {
  readonly host: string
  readonly port?: number
  readonly database?: string
  readonly user: string
  readonly password: string
}): string =>
  [entry.host, String(entry.port ?? '*'), entry.database ?? '*', entry.user, entry.password]
    .map(passfileField)
    .join(':')
