import { formatLsn } from '../../lsn.ts'
import type { WalPast } from '../../../modules/postgres/wal-past.ts'
import type { CaseFile, HostCase } from '../case.ts'
import { serverEvidence } from '../evidence.ts'
import type { Draft, Evidence } from '../finding.ts'
import { bytesPast, forkOf } from '../fork.ts'
import type { Rule } from '../site.ts'

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`

/** What a member has past a fork, in words: commits, rows by table, times. */
function words(name: string, past: WalPast | undefined, bytes: number | undefined): readonly string[] {
  const size = bytes === undefined ? '' : ` (${plural(bytes, 'byte')} of WAL)`
  if (!past) return [`${name}: how much it has past the fork is not known${size}`]
  if (past.error !== undefined && past.commits === 0)
    return [`${name}: its WAL past ${past.from} cannot be read: ${past.error}${size}`]
  const rows = past.tables.reduce((sum, table) => sum + table.rows, 0)
  const when = past.firstCommit === undefined ? '' : `, ${past.firstCommit} to ${past.lastCommit ?? '?'} UTC`
  const tables = past.tables
    .toSorted((a, b) => b.rows - a.rows)
    .slice(0, 6)
    .map((table) => `${name}: ${plural(table.rows, 'row')} of ${table.name}`)
  return [
    `${name}: ${plural(past.commits, 'commit')} since the fork at ${past.from} of timeline ${past.timeline}${size}${when}; ${plural(rows, 'row')} in ${plural(past.tables.length, 'table')}`,
    ...tables,
  ]
}

const sideOf = (host: HostCase, other: HostCase): readonly string[] => {
  const fork = forkOf(host, other)
  if (!fork) {
    const timeline = host.server?.timeline ?? '?'
    return [
      `${host.name}: where it left the other's WAL is in no history file (both on timeline ${timeline}): compare the data itself`,
    ]
  }
  return words(host.name, host.past, bytesPast(host, fork))
}

/** Whom the manager leads: only a server that nobody leads may be stopped without a second thought. */
function stray(primaries: readonly HostCase[], { leader }: CaseFile): HostCase | undefined {
  if (primaries.some(({ name }) => name === leader)) return primaries.find(({ name }) => name !== leader)
  const led = primaries.filter(({ server }) => server?.senders.some(({ state }) => state === 'streaming'))
  return led.length === 1 ? primaries.find((host) => host !== led[0]) : undefined
}

function two(primaries: readonly HostCase[], file: CaseFile): Draft {
  const { site, say } = file
  const wrong = stray(primaries, file)
  const right = primaries.find((host) => host !== wrong)
  const list = primaries.map(({ name, server }) => `${name} (timeline ${server?.timeline ?? '?'})`)
  const forks = primaries.flatMap((host, index) => forkOf(host, primaries[1 - index] ?? host) ?? [])
  const fork: readonly Evidence[] = forks[0]
    ? [{ source: 'timeline history files', saw: `same WAL up to ${formatLsn(forks[0].at)}` }]
    : []
  const stop = `${site.binDir}/pg_ctl -D ${site.dataDir} -m fast stop`
  return {
    severity: 'critical',
    code: 'primary/two',
    summary: `Two primaries accept writes: ${list.join(' and ')}.`,
    detail: wrong
      ? `${right?.name ?? '?'} has the standbys or the lock. Stop ${wrong.name}: what it alone has stays in its data directory, and repair-standby says again what it would discard.`
      : 'Neither is clearly the one the cluster follows: keep clients away from both and compare what each side has before one is stopped.',
    evidence: [...primaries.flatMap(serverEvidence), ...fork],
    atRisk: primaries.flatMap((host, index) => sideOf(host, primaries[1 - index] ?? host)),
    next: wrong
      ? [say.exec(wrong.name, stop, 'postgres'), say.run('repair-standby', `--on ${wrong.name}`)]
      : primaries.map(({ name }) => say.ssh(name)),
  }
}

const pastEvidence = ({ name, past }: HostCase): readonly Evidence[] =>
  past
    ? [
        {
          host: name,
          source: `pg_waldump -t ${past.timeline} -s ${past.from}`,
          saw: plural(past.commits, 'commit'),
        },
      ]
    : []

/** A member whose WAL went past the point where the primary's line left it. */
function diverged(host: HostCase, primary: HostCase, { say }: CaseFile): readonly Draft[] {
  const fork = forkOf(host, primary)
  if (!fork) return []
  const { name } = host
  const bytes = bytesPast(host, fork) ?? 0
  const commits = host.past?.commits ?? 0
  if (commits === 0 && (host.server !== undefined || bytes === 0)) return []
  const what = commits > 0 ? plural(commits, 'commit') : `${plural(bytes, 'byte')} of WAL`
  const parted = `same WAL as ${name} up to ${formatLsn(fork.at)}`
  return [
    {
      severity: 'warning',
      code: 'standby/diverged',
      summary: `${name} went past the fork at ${formatLsn(fork.at)}: ${what} there and not in the line of ${primary.name}.`,
      member: name,
      evidence: [
        ...serverEvidence(host),
        { host: primary.name, source: 'timeline history files', saw: parted },
        ...pastEvidence(host),
      ],
      atRisk: words(name, host.past, bytes),
      next: [say.run('repair-standby', `--on ${name}`)],
    },
  ]
}

/** Two primaries, and members that left the line of the one. */
export const sides: Rule = (file) => {
  const hosts = file.site.members.flatMap(({ name }) => file.hosts.get(name) ?? [])
  const primaries = hosts.filter(({ server }) => server?.recovery === false)
  const [primary] = primaries
  if (!primary) return []
  if (primaries.length > 1) return [two(primaries, file)]
  return hosts.filter((host) => host !== primary).flatMap((host) => diverged(host, primary, file))
}

/** Members of another database system, by their control files. */
export const systems: Rule = ({ hosts, site, status, say }) => {
  const ids = site.members.flatMap(({ name }) => {
    const id = hosts.get(name)?.facts?.control?.systemIdentifier
    return id === undefined ? [] : [{ name, id }]
  })
  const primary = ids.find(({ name }) => name === status.primary)
  const count = (id: string): number => ids.filter((each) => each.id === id).length
  const most = ids.toSorted((a, b) => count(b.id) - count(a.id)).at(0)?.id
  const right = primary?.id ?? most
  return ids
    .filter(({ id }) => id !== right)
    .map(({ name, id }) => ({
      severity: 'critical' as const,
      code: 'cluster/system-ids',
      summary: `${name} holds data of another database system: ${id}, not ${right}.`,
      member: name,
      evidence: ids.map((each) => ({
        host: each.name,
        source: 'pg_controldata',
        saw: `system identifier ${each.id}`,
      })),
      next: [say.run('rebuild-standby', `--on ${name}`)],
    }))
}
