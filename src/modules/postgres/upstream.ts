import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { shell } from '../../lib/program.ts'
import type { Text } from '../../lib/secret.ts'
import { formatConninfo } from './conninfo.ts'
import { parseHistory } from './timeline.ts'
import type { HistoryEntry } from './timeline.ts'

/** A server to copy from, reached over the network from the host that will hold the copy. */
export interface Upstream {
  readonly host: string
  readonly port: number
  readonly user: string
  /** File with the password (libpq's passfile) on the host. */
  readonly passfile?: string
  /** The password itself, where no file has it yet; it goes through standard input. */
  readonly password?: Text
}

/** What a server says of itself over the replication protocol. */
export interface Identity {
  readonly systemIdentifier: string
  readonly timeline: number
  readonly history: readonly HistoryEntry[]
}

/** Connection string of a replication connection. */
export const replicationConninfo = ({ host, port, user }: Upstream): string =>
  formatConninfo({ host, port, user, connect_timeout: 5, application_name: 'hactl' })

/** Words before a command that name the passfile: the keyword `passfile` is known to libpq only from 10. */
export const withPassfile = ({ passfile }: Upstream): readonly string[] =>
  passfile === undefined ? [] : ['env', `PGPASSFILE=${passfile}`]

/** Parses what identify.sh printed; undefined when it is not that. */
export function parseIdentity(stdout: string): Identity | undefined {
  const [first = '', ...rest] = stdout.split('\n')
  const [systemIdentifier = '', timeline = ''] = first.split('|')
  if (!/^\d+$/.test(systemIdentifier) || !/^\d+$/.test(timeline)) return undefined
  // The content of the history file follows its name and a bar.
  const history = parseHistory(rest.join('\n').replace(/^[0-9A-F]{8}\.history\|/, ''))
  return { systemIdentifier, timeline: Number(timeline), history }
}

/**
 * Asks a server who it is. Throws NotYet when it cannot be reached or lets the user not in: an earlier task may start
 * it, or make the role.
 */
export async function identify(probe: Probe, upstream: Upstream, account: string): Promise<Identity> {
  const target = `${replicationConninfo(upstream)} replication=true`
  const { code, stdout, stderr } = await probe.run(
    [...withPassfile(upstream), ...shell('postgres/identify.sh', target)],
    {
      as: account,
      timeoutMs: 20_000,
      ...(upstream.password !== undefined && { stdin: upstream.password }),
    },
  )
  const identity = parseIdentity(stdout)
  if (code === 0 && identity) return identity
  const server = `${upstream.host}:${upstream.port}`
  const [why = ''] = stderr.trim().split('\n')
  if (/password|authentication|pg_hba|permission|must be/i.test(stderr)) {
    const check = 'check the role, its REPLICATION attribute, pg_hba.conf there and the passfile here'
    throw new NotYet(`${server} refuses user ${upstream.user} for replication (${check}): ${why}`)
  }
  throw new NotYet(`${server} does not answer: ${why}`)
}
