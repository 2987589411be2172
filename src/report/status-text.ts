import { versionOf } from '../cluster/members.ts'
import type { ClusterStatus, CountedFailure, HostStatus, Problem, ServiceStatus } from '../cluster/status.ts'
import type { Paint, Tone } from './paint.ts'
import { table } from './table.ts'
import type { Column } from './table.ts'
import { fold, wrap } from './words.ts'

export interface StatusTextOptions {
  readonly width: number
  readonly paint: Paint
  /** The last operation, when the journal knows one. */
  readonly last?: string
}

const HEALTH_TONE: Readonly<Record<ClusterStatus['health'], Tone>> = {
  healthy: 'green',
  degraded: 'yellow',
  down: 'red',
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** Bytes as a person reads them, in powers of 1024 as PostgreSQL counts. */
export function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power] ?? ''}`
}

const ABSENT = '–'

/** One row: a host, and the service on it that has a role. */
interface Row {
  readonly host: HostStatus
  readonly service?: ServiceStatus
}

const rowsOf = ({ hosts, services }: ClusterStatus): readonly Row[] =>
  hosts.map((host) => {
    const service = services.find((each) => each.host === host.name && each.role !== undefined)
    return { host, ...(service && { service }) }
  })

function roleOf({ host, service }: Row): string {
  if (!host.reachable) return 'unreachable'
  if (!service) return host.roles.join(', ')
  return service.state === 'running' ? (service.role ?? '') : `${service.role ?? ''}, stopped`
}

const failureWords = ({ what, count, givenUp }: CountedFailure): string =>
  givenUp ? `${what} given up` : `${what} failed ${count}×`

/** Replication and what an operator should not overlook about a host. */
function replicationOf({ host, service }: Row): readonly string[] {
  const { replication, condition, pendingRestart } = service ?? {}
  const parts = [
    ...(replication ? [replication.sync, replication.state] : []),
    ...(condition === undefined ? [] : [condition]),
    ...(host.paused === undefined ? [] : [host.paused]),
    ...(pendingRestart === true ? ['restart pending'] : []),
    ...(host.failures ?? []).map(failureWords),
  ]
  return parts.length === 0 ? [ABSENT] : parts
}

const addressesOf = ({ host }: Row, status: ClusterStatus): readonly string[] => [
  host.address,
  ...status.addresses
    .filter(({ on }) => on.includes(host.name))
    .map(({ name, address }) => `${name} ${address}`),
]

const columns = (status: ClusterStatus): Column<Row>[] => [
  { title: 'member', cell: ({ host }) => host.name },
  { title: 'role', cell: roleOf },
  { title: 'replication', cell: replicationOf },
  { title: 'timeline', cell: ({ service }) => service?.timeline?.toString() ?? ABSENT },
  {
    title: 'lag',
    cell: ({ service: { role, lagBytes } = {} as Partial<ServiceStatus> }) =>
      role === 'primary' || lagBytes === undefined ? ABSENT : formatBytes(lagBytes),
  },
  { title: 'addresses', cell: (row) => addressesOf(row, status), joiner: '  ' },
]

/** `PostgreSQL 15.20`: what has roles here. */
function aboutOf(status: ClusterStatus): readonly string[] {
  const kind = status.services.find(({ role }) => role !== undefined)?.kind
  const version = versionOf(status)
  return kind === undefined ? [] : [version === undefined ? kind : `${kind} ${version}`]
}

function modeOf({ replication }: ClusterStatus): readonly string[] {
  if (!replication) return []
  const { wanted, actual } = replication
  return [actual === undefined || actual === wanted ? wanted : `${wanted} → ${actual}`]
}

/** What has no role, one line a kind: `Redis 7.0.15 on h1; not on h2`. */
function othersOf({ services }: ClusterStatus): readonly string[] {
  const others = services.filter(({ role }) => role === undefined)
  return [...new Set(others.map(({ kind }) => kind))].map((kind) => {
    const own = others.filter((each) => each.kind === kind)
    const on = (is: boolean): string =>
      own
        .filter(({ state }) => (state === 'running') === is)
        .map(({ host }) => host)
        .join(', ')
    const version = own.find((each) => each.version !== undefined)?.version
    const name = version === undefined ? kind : `${kind} ${version}`
    const [up, down] = [on(true), on(false)]
    return `${name}${up === '' ? '' : ` on ${up}`}${down === '' ? '' : `${up === '' ? '' : ';'} not on ${down}`}`
  })
}

function heading(status: ClusterStatus, { width, paint }: StatusTextOptions): string[] {
  const parts = [status.cluster, status.stack, ...aboutOf(status), ...modeOf(status)]
  const lines = wrap(parts, ' · ', width - status.health.length - 2)
  const [first = '', ...rest] = lines
  const gap = ' '.repeat(Math.max(2, width - first.length - status.health.length))
  return [`${first}${gap}${paint(HEALTH_TONE[status.health], status.health)}`, ...rest]
}

/** Failures by what failed: those of an address are not those of a server. */
function failuresOf({ hosts }: ClusterStatus): readonly string[] {
  if (hosts.every(({ failures }) => failures === undefined)) return []
  const all = hosts.flatMap(({ failures = [] }) => failures)
  if (all.length === 0) return ['failures 0']
  return [...new Set(all.map(({ what }) => what))].map((what) => {
    const own = all.filter((each) => each.what === what)
    const given = own.some(({ givenUp }) => givenUp)
    const counted = own.filter(({ givenUp }) => !givenUp).reduce((sum, { count }) => sum + count, 0)
    const words = [...(given ? ['given up'] : []), ...(counted > 0 ? [String(counted)] : [])]
    return `failures of ${what}: ${words.join(', ')}`
  })
}

/** Quorum, guards and addresses that nobody carries, in one line or as many as it takes. */
function footing(status: ClusterStatus): string[] {
  const { quorum } = status
  const nowhere = status.addresses.filter(({ on }) => on.length === 0)
  return [
    ...(quorum ? [`quorum ${quorum.have} of ${quorum.of}${quorum.ok ? '' : ' (lost)'}`] : []),
    ...status.guards,
    ...failuresOf(status),
    ...othersOf(status),
    ...nowhere.map(({ name, address }) => `${name} ${address} nowhere`),
  ]
}

/** Without an address that moves, clients have to be told where to look. */
const connecting = ({ addresses, clients }: ClusterStatus): readonly string[] =>
  addresses.some(({ name }) => name === 'writer') ? [] : (clients ?? [])

const command = (next: string): string => `      ${next}`

/** One problem: what is wrong, and the command that mends it. */
export function problemLines(
  problem: Pick<Problem, 'severity' | 'summary' | 'detail' | 'next'>,
  { width, paint }: Pick<StatusTextOptions, 'width' | 'paint'>,
): string[] {
  const mark = problem.severity === 'critical' ? paint('red', '✗') : paint('yellow', '!')
  const summary = fold(problem.summary, width - 4)
  const detail = problem.detail?.split('\n').flatMap((line) => fold(line, width - 4)) ?? []
  return [
    ...summary.map((line, at) => (at === 0 ? `  ${mark} ${line}` : `    ${line}`)),
    ...detail.map((line) => `    ${line}`),
    // A command is not folded: it is there to be copied.
    ...(problem.next?.split('\n').map(command) ?? []),
  ]
}

/** One screen: verdict, members, what keeps the cluster safe, what is wrong and the command that mends it. */
export function statusText(status: ClusterStatus, options: StatusTextOptions): string {
  const critical = (problem: Problem): boolean => problem.severity === 'critical'
  const problems = [...status.problems.filter(critical), ...status.problems.filter((each) => !critical(each))]
  const foot = wrap(footing(status), ' · ', options.width - 2)
  const last = options.last === undefined ? [] : fold(`last: ${options.last}`, options.width - 2)
  return [
    ...heading(status, options),
    '',
    ...table(columns(status), rowsOf(status), options.width - 2).map((line) => `  ${line}`),
    ...(foot.length + last.length > 0 ? ['', ...[...foot, ...last].map((line) => `  ${line}`)] : []),
    // Not folded: they are there to be copied.
    ...(connecting(status).length > 0
      ? ['', '  clients', ...connecting(status).map((each) => `    ${each}`)]
      : []),
    ...(problems.length > 0 ? ['', ...problems.flatMap((each) => problemLines(each, options))] : []),
    '',
  ].join('\n')
}
