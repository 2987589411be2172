import type { ClusterStatus, MemberStatus, Problem } from '../cluster/status.ts'
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

function roleOf(member: MemberStatus): string {
  if (!member.reachable) return 'unreachable'
  return member.running || member.role === 'witness' ? member.role : `${member.role}, stopped`
}

/** Replication and what an operator should not overlook about a member. */
function replicationOf(member: MemberStatus): readonly string[] {
  const parts = [
    ...(member.replication === undefined ? [] : member.replication.split(', ')),
    ...(member.paused === undefined ? [] : [member.paused]),
    ...(member.pendingRestart === true ? ['restart pending'] : []),
    ...(member.failures === undefined || member.failures === 0 ? [] : [`failures ${member.failures}`]),
  ]
  return parts.length === 0 ? [ABSENT] : parts
}

const addressesOf = (member: MemberStatus, status: ClusterStatus): readonly string[] => [
  member.address,
  ...status.addresses
    .filter(({ on }) => on.includes(member.name))
    .map(({ name, address }) => `${name} ${address.split('/')[0] ?? address}`),
]

const columns = (status: ClusterStatus): Column<MemberStatus>[] => [
  { title: 'member', cell: (member) => member.name },
  { title: 'role', cell: roleOf },
  { title: 'replication', cell: replicationOf },
  { title: 'timeline', cell: ({ timeline }) => timeline?.toString() ?? ABSENT },
  {
    title: 'lag',
    cell: ({ role, lagBytes }) =>
      role === 'primary' || lagBytes === undefined ? ABSENT : formatBytes(lagBytes),
  },
  { title: 'addresses', cell: (member) => addressesOf(member, status), joiner: '  ' },
]

function heading(status: ClusterStatus, { width, paint }: StatusTextOptions): string[] {
  const { wanted, actual } = status.replication
  const version = status.postgres.version
  const parts = [
    status.cluster,
    status.stack,
    `PostgreSQL${version === undefined ? '' : ` ${version}`}`,
    actual === undefined || actual === wanted ? wanted : `${wanted} → ${actual}`,
  ]
  const lines = wrap(parts, ' · ', width - status.health.length - 2)
  const [first = '', ...rest] = lines
  const gap = ' '.repeat(Math.max(2, width - first.length - status.health.length))
  return [`${first}${gap}${paint(HEALTH_TONE[status.health], status.health)}`, ...rest]
}

/** Quorum, guards and addresses that nobody carries, in one line or as many as it takes. */
function footing(status: ClusterStatus): string[] {
  const { quorum } = status
  const failures = status.members.reduce((sum, member) => sum + (member.failures ?? 0), 0)
  const counted = status.members.some((member) => member.failures !== undefined)
  const nowhere = status.addresses.filter(({ on }) => on.length === 0)
  return [
    ...(quorum ? [`quorum ${quorum.have} of ${quorum.of}${quorum.ok ? '' : ' (lost)'}`] : []),
    ...status.guards,
    ...(counted ? [`failures ${failures}`] : []),
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
    ...table(columns(status), status.members, options.width - 2).map((line) => `  ${line}`),
    ...(foot.length + last.length > 0 ? ['', ...[...foot, ...last].map((line) => `  ${line}`)] : []),
    // Not folded: they are there to be copied.
    ...(connecting(status).length > 0
      ? ['', '  clients', ...connecting(status).map((each) => `    ${each}`)]
      : []),
    ...(problems.length > 0 ? ['', ...problems.flatMap((each) => problemLines(each, options))] : []),
    '',
  ].join('\n')
}
