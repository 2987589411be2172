import type { Command } from '../../transport/transport.ts'
import { walPastArgv } from '../../modules/postgres/wal-past.ts'
import type { Lsn } from '../lsn.ts'
import type { ClusterStatus } from '../status.ts'
import type { HostCase } from './case.ts'
import { forkOf } from './fork.ts'
import { parseHost } from './parse.ts'
import type { DoctorSite, RawHost } from './site.ts'

/** The login of a standby's receiver, with its own password file; the server says why it refuses. */
const LOGIN = `to=$1; shift
echo "$to"
exec psql -XAtqw "$@" -c IDENTIFY_SYSTEM`

const login = (site: DoctorSite, to: { readonly name: string; readonly address: string }): Command => ({
  argv: [
    'sh',
    '-c',
    LOGIN,
    'login',
    to.name,
    `host=${to.address} port=${site.port} user=${site.replicationUser} dbname=replication replication=true connect_timeout=3 passfile=${site.passfile}`,
  ],
  as: 'postgres',
  timeoutMs: 10_000,
})

/** WAL from a fork on, with the rows that commits changed: names of tables are asked of the server, when it runs. */
const past = (site: DoctorSite, timeline: number, from: Lsn): Command => ({
  argv: walPastArgv({ ...site, server: site }, timeline, from),
  as: 'postgres',
  timeoutMs: 90_000,
})

const streams = (host: HostCase, primary: HostCase | undefined): boolean =>
  primary?.server?.senders.some(({ name, state }) => name === host.name && state === 'streaming') === true

/** What is worth asking after the first answers, by host. Pure. */
export function followUps(
  site: DoctorSite,
  status: ClusterStatus,
  raw: ReadonlyMap<string, RawHost>,
): ReadonlyMap<string, Readonly<Record<string, Command>>> {
  const hosts = new Map([...raw].map(([name, answers]) => [name, parseHost(name, answers)]))
  const primaries = [...hosts.values()].filter(({ server }) => server?.recovery === false)
  const primary = primaries.find(({ name }) => name === status.primary) ?? primaries[0]
  const to = site.members.find(({ name }) => name === primary?.name)
  return new Map(
    site.members.flatMap(({ name }) => {
      const host = hosts.get(name)
      if (!host || !primary || streams(host, primary)) return []
      const other = host === primary ? primaries.find((each) => each !== host) : primary
      const fork = other && forkOf(host, other)
      return [
        [
          name,
          {
            ...(to && host.server?.recovery !== false && { login: login(site, to) }),
            ...(fork && { wal: past(site, fork.timeline, fork.at) }),
          },
        ] as const,
      ]
    }),
  )
}
