import type { CaseFile, HostCase } from '../case.ts'
import { senderEvidence, serverEvidence } from '../evidence.ts'
import type { Draft, Evidence } from '../finding.ts'
import type { Rule } from '../site.ts'

interface Trouble {
  readonly code: string
  readonly pattern: RegExp
  readonly what: (name: string, match: RegExpExecArray) => string
  readonly runbook?: string
}

/** What a standby's own receiver says when it cannot go on; a primary's log says the same of others, without WAL streaming. */
const TROUBLES: readonly Trouble[] = [
  {
    code: 'cluster/system-ids',
    pattern: /database system identifier differs/,
    what: (name) => `${name} holds data of another database system than the primary.`,
    runbook: 'rebuild-standby',
  },
  {
    code: 'wal/missing',
    pattern: /WAL stream(?:ing)?: .*requested WAL segment ([0-9A-F]+) has already been removed/,
    what: (name, [, segment = '']) => `${name} needs WAL that the primary no longer has: ${segment}.`,
    runbook: 'rebuild-standby',
  },
  {
    code: 'slots/missing',
    pattern: /WAL streaming: .*replication slot "([^"]*)" does not exist/,
    what: (name, [, slot = '']) => `${name} asks for the slot ${slot}, which the primary does not have.`,
  },
  {
    code: 'slots/lost',
    pattern: /WAL streaming: .*(?:can no longer get changes|cannot read) from replication slot "([^"]*)"/,
    what: (name, [, slot = '']) => `The slot ${slot} of ${name} has lost its WAL.`,
    runbook: 'rebuild-standby',
  },
  {
    code: 'standby/diverged',
    pattern:
      /WAL streaming: .*requested starting point .* is not in this server's history|forked off current database system timeline|requested timeline \d+ is not a child|WAL streaming: .*ahead of the WAL flush position of this server/,
    what: (name) => `${name} has gone past the fork: it has WAL that is not in the primary's line.`,
    runbook: 'repair-standby',
  },
]

const LATER = /started streaming WAL|ready to accept connections/

/** The last trouble of a standby's log that was not followed by a connection that worked. */
function lastTrouble({
  log,
}: HostCase): readonly [Trouble, RegExpExecArray, HostCase['log'][number]] | undefined {
  const since = log.slice(log.findLastIndex(({ line }) => /started streaming WAL/.test(line)) + 1)
  for (const entry of since.toReversed()) {
    for (const trouble of TROUBLES) {
      const match = trouble.pattern.exec(entry.line)
      if (match) return [trouble, match, entry]
    }
    if (LATER.test(entry.line) && /started streaming/.test(entry.line)) return undefined
  }
  return undefined
}

/** A member that is no primary and has no row of its own in the primary's list. */
const isApart = ({ hosts, site }: CaseFile, { name, server }: HostCase): boolean =>
  site.members.some((member) => member.name === name) &&
  server?.recovery !== false &&
  ![...hosts.values()].some(({ server: other }) =>
    other?.senders.some((sender) => sender.name === name && sender.state === 'streaming'),
  )

const hasPrimary = ({ hosts }: CaseFile): boolean =>
  [...hosts.values()].some(({ server }) => server?.recovery === false)

/** Standbys that cannot go on, by what their own log says. */
export const replication: Rule = (file) =>
  !hasPrimary(file)
    ? []
    : [...file.hosts.values()]
        .filter((host) => isApart(file, host))
        .flatMap((host): readonly Draft[] => {
          const found = lastTrouble(host)
          if (!found) return []
          const [{ code, what, runbook }, match, entry] = found
          const { name } = host
          return [
            {
              severity: code === 'cluster/system-ids' ? 'critical' : 'warning',
              code,
              summary: what(name, match),
              member: name,
              evidence: [
                { host: name, source: entry.file, saw: entry.line },
                ...serverEvidence(host),
                ...senderEvidence(file, name),
              ],
              next: [runbook === undefined ? file.say.watch : file.say.run(runbook, `--on ${name}`)],
            },
          ]
        })

const REFUSALS: readonly (readonly [code: string, pattern: RegExp, why: string])[] = [
  [
    'login/password',
    /password authentication failed/,
    'the password of its replication user is not accepted',
  ],
  ['login/no-password', /no password supplied|fe_sendauth/, 'it has no password for the replication user'],
  ['login/hba', /no pg_hba\.conf entry|pg_hba\.conf rejects/, 'pg_hba.conf there has no line for it'],
]

/** What does not come from the server at all is the network's, or the server is not there. */
const NO_SERVER = /Connection refused|timeout expired|No route|could not (translate|receive)|server closed/

/** Logins of standbys that the primary refuses. */
export const logins: Rule = ({ hosts, say, site }) =>
  [...hosts.values()].flatMap(({ name, login, log }): readonly Draft[] => {
    if (!login || login.ok || NO_SERVER.test(login.said)) return []
    const [code, , why] = REFUSALS.find(([, pattern]) => pattern.test(login.said)) ?? [
      'login/refused',
      /^/,
      'its login is refused',
    ]
    const own = log.findLast(({ line }) => REFUSALS.some(([, pattern]) => pattern.test(line)))
    const evidence: readonly Evidence[] = [
      {
        host: name,
        source: `psql as ${site.replicationUser} to ${login.to}`,
        saw: login.said.split('\n').at(-1) ?? '',
      },
      ...(own ? [{ host: name, source: own.file, saw: own.line }] : []),
    ]
    const summary = `${name} cannot replicate from ${login.to}: ${why}.`
    return [{ severity: 'warning', code, summary, member: name, evidence, next: [say.apply()] }]
  })
