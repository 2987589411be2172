import { Socket } from 'node:net'
import pg from 'pg'
import type { ClientConfig, Endpoint } from './client-config.ts'

/** One connection of a client, made and given up as a careful application does. */
export interface Connection {
  /** When its server was started, in microseconds since 1970: tells one server, and one life of it, from another. */
  readonly server: string
  /** Runs statements one after the other. Rejects with what `errorOf` names. */
  query(...statements: readonly string[]): Promise<pg.QueryResult[]>
  /** Warnings of the server since the last call. */
  warnings(): readonly string[]
  /** Gives it up without a word to the server. */
  destroy(): void
}

export type Login = Pick<
  ClientConfig,
  'user' | 'password' | 'database' | 'connectTimeoutMs' | 'answerTimeoutMs'
>

const WHO = `select (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text as server,
pg_is_in_recovery() as recovery`

/** Raised where a server answers and is not the kind that was asked for. */
export class WrongServer extends Error {
  readonly code = 'read-only'
}

/** Nothing that lies below is waited for longer than this, even when it hangs. */
function within<T>(ms: number, work: Promise<T>, giveUp: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      giveUp()
      reject(Object.assign(new Error('no answer in time'), { code: 'timeout' }))
    }, ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Servers that want no TLS, by their address: they are not asked again. */
const plain = new Set<string>()

/** The server has no TLS (the words are pg's), or its rules let nobody in who uses it (SQLSTATE 28000). */
const wantsPlain = (error: unknown): boolean =>
  error instanceof Error &&
  (error.message === 'The server does not support SSL connections' || errorOf(error) === '28000')

/**
 * TLS where the server has it, as libpq does without being told (sslmode=prefer): hostssl rules alone let clients in
 * then. The certificate is not checked: what is measured is the cluster, and SCRAM shows the password to nobody.
 */
const ENCRYPTED = { rejectUnauthorized: false }

/** Connects, with TLS where the server takes it. Rejects as `attempt` does. */
export async function open(
  endpoint: Endpoint,
  login: Login,
  options: { readonly writable: boolean },
): Promise<Connection> {
  const address = `${endpoint.host} ${endpoint.port}`
  if (plain.has(address)) return attempt(endpoint, login, { ...options, ssl: false })
  try {
    return await attempt(endpoint, login, { ...options, ssl: ENCRYPTED })
  } catch (error) {
    if (!wantsPlain(error)) throw error
    const connection = await attempt(endpoint, login, { ...options, ssl: false })
    plain.add(address)
    return connection
  }
}

/** One try. Rejects when nobody answers in time, and with `writable` when the server takes no writes. */
async function attempt(
  { host, port }: Endpoint,
  login: Login,
  options: { readonly writable: boolean; readonly ssl: false | typeof ENCRYPTED },
): Promise<Connection> {
  const socket = new Socket()
  const { user, password, database, answerTimeoutMs } = login
  const { ssl } = options
  const client = new pg.Client({ user, password, database, host, port, stream: () => socket, ssl })
  const said: string[] = []
  const destroy = (): void => void socket.destroy()
  // A connection that breaks is told by the query that waits, or by the next one.
  client.on('error', () => undefined)
  client.on('notice', (notice) => void said.push(`${notice.routine ?? ''} ${notice.message ?? ''}`))
  try {
    await within(login.connectTimeoutMs, client.connect(), destroy)
    const { rows } = await within(answerTimeoutMs, client.query(WHO), destroy)
    const [row] = rows as readonly { readonly server: string; readonly recovery: boolean }[]
    if (options.writable && row?.recovery !== false) throw new WrongServer('the server takes no writes')
    return {
      server: row?.server ?? '-',
      query: async (...statements) => {
        const results: pg.QueryResult[] = []
        for (const sql of statements) results.push(await within(answerTimeoutMs, client.query(sql), destroy))
        return results
      },
      warnings: () => said.splice(0),
      destroy,
    }
  } catch (error) {
    destroy()
    throw error
  }
}

/** Tries the endpoints in turn, as a multi-host connection string does. Rejects with the last error. */
export async function openFirst(
  endpoints: readonly Endpoint[],
  login: Login,
  options: { readonly writable: boolean },
): Promise<Connection> {
  let last: unknown = new Error('there is no address to connect to')
  for (const endpoint of endpoints) {
    try {
      return await open(endpoint, login, options)
    } catch (error) {
      last = error
    }
  }
  throw last
}

/** The kind of an error in one word: SQLSTATE, the socket's code, `timeout`, else its first words. */
export function errorOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error'
  if ('code' in error && typeof error.code === 'string') return error.code
  if (/Connection terminated|connection error/i.test(error.message)) return 'closed'
  return error.message.slice(0, 40)
}

/** Whether a server said no, which it does with a SQLSTATE. */
export const isRefusal = (kind: string): boolean => /^[0-9A-Z]{5}$/.test(kind)
