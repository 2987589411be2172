import type { Problem } from '../status.ts'
import type { CaseFile, HostCase } from './case.ts'
import type { Evidence } from './finding.ts'

/** A primary or standby in one line, or why there is none. */
export function serverEvidence({ name, server, refusal, facts }: HostCase): readonly Evidence[] {
  if (server) {
    const { recovery, timeline, lsn, receiver } = server
    const from = receiver ? `${receiver.status} from ${receiver.host ?? '?'}` : 'no WAL receiver'
    const saw = recovery
      ? `standby, timeline ${timeline ?? '?'}, WAL to ${lsn ?? '?'}, ${from}`
      : `accepts writes, timeline ${timeline ?? '?'}, WAL ends at ${lsn ?? '?'}`
    return [{ host: name, source: 'pg_is_in_recovery()', saw }]
  }
  const control = facts?.control
  return [
    ...(refusal ? [{ host: name, source: 'psql', saw: refusal }] : []),
    ...(control
      ? [{ host: name, source: 'pg_controldata', saw: `${control.state}, timeline ${control.timeline}` }]
      : []),
  ]
}

const BAD = /(FATAL|PANIC):/

/** The last lines of the log that say why a server ended or does not start, each reason once. */
export function lastWords({ name, log }: HostCase, most = 3): readonly Evidence[] {
  const bad = log.filter(
    ({ line }) => BAD.test(line) && !/the database system is (starting|shutting)/.test(line),
  )
  const seen = new Set<string>()
  const distinct = bad.toReversed().filter(({ line }) => {
    const text = line.replace(/^.*?(?=(FATAL|PANIC):)/, '')
    return !seen.has(text) && seen.add(text)
  })
  return distinct
    .slice(0, most)
    .toReversed()
    .map(({ file, line }) => ({ host: name, source: file, saw: line }))
}

/** What the primary says of a member's replication. */
export function senderEvidence(file: CaseFile, member: string): readonly Evidence[] {
  return [...file.hosts.values()]
    .filter(({ server }) => server?.recovery === false)
    .map(({ name, server }) => {
      const row = server?.senders.find((sender) => sender.name === member)
      const saw = row
        ? `${member}: ${row.state}, ${row.sync}, flushed ${row.flush ?? '?'}`
        : `no row for ${member}`
      return { host: name, source: 'pg_stat_replication', saw }
    })
}

const memberEvidence = (file: CaseFile, member: string | undefined): readonly Evidence[] => {
  const host = member === undefined ? undefined : file.hosts.get(member)
  if (!host) return []
  return [...serverEvidence(host), ...(host.server ? [] : lastWords(host, 2))]
}

const allServers = ({ hosts, site }: CaseFile): readonly Evidence[] =>
  site.members.flatMap(({ name }) => {
    const host = hosts.get(name)
    return host ? serverEvidence(host) : []
  })

const addressEvidence = ({ status, hosts }: CaseFile): readonly Evidence[] =>
  status.addresses.map(({ name, address, on }) => ({
    source: `ip addr on ${[...hosts.keys()].join(', ')}`,
    saw: `${name} ${address} on ${on.length > 0 ? on.join(' and ') : 'none of them'}`,
  }))

const unreachable = (file: CaseFile, member: string): readonly Evidence[] => [
  { source: 'ssh', saw: file.unread.get(member) ?? 'no answer' },
  ...[...file.hosts.values()].flatMap(({ name, peers }) => {
    const peer = peers.get(member)
    if (!peer) return []
    const saw =
      peer.answer === 'none'
        ? peer.silent
          ? 'no packet comes back'
          : 'its port is closed'
        : `PostgreSQL ${peer.answer} connections`
    return [{ host: name, source: `pg_isready of ${member}`, saw }]
  }),
]

const waiting = ({ hosts }: CaseFile): readonly Evidence[] =>
  [...hosts.values()]
    .filter(({ server }) => server?.recovery === false)
    .map(({ name, server }) => ({
      host: name,
      source: 'synchronous_standby_names, pg_stat_activity',
      saw: `"${server?.settings['synchronous_standby_names'] ?? ''}", ${server?.waiting ?? 0} sessions wait for a standby`,
    }))

const area = ({ code }: Problem): string => code.split('/')[0] ?? ''

type Behind = (file: CaseFile, member: string | undefined, problem: Problem) => readonly Evidence[]

/** By the area of a code. */
const BEHIND: Readonly<Record<string, Behind>> = {
  host: (file, member) => (member === undefined ? [] : unreachable(file, member)),
  primary: allServers,
  failsafe: allServers,
  vip: addressEvidence,
  sync: (file, member) => [...waiting(file), ...(member === undefined ? [] : senderEvidence(file, member))],
  standby: (file, member) => [
    ...memberEvidence(file, member),
    ...(member === undefined ? [] : senderEvidence(file, member)),
  ],
  data: (_, member, { summary }) => [
    { ...(member !== undefined && { host: member }), source: 'ls', saw: summary },
  ],
  quorum: ({ unread }) => [...unread].map(([host, saw]) => ({ host, source: 'ssh', saw })),
}

/** What is behind one of the status's problems, by its area. */
export const evidenceOf = (problem: Problem, file: CaseFile): readonly Evidence[] =>
  (BEHIND[area(problem)] ?? memberEvidence)(file, problem.member, problem)
