import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ClusterStatus } from '../../../src/cluster/status.ts'
import { parseLsn } from '../../../src/cluster/lsn.ts'
import type { ClusterMonitor } from '../../../src/modules/pcs/crm-mon.ts'
import type { Deployment } from '../../../src/parts/postgres/deployment.ts'
import { deploymentOf } from '../../../src/stacks/pacemaker/deployment.ts'
import { factsOf } from '../../../src/stacks/pacemaker/derive.ts'
import { lastPrimary } from '../../../src/stacks/pacemaker/last-primary.ts'
import { parseReading } from '../../../src/stacks/pacemaker/readings.ts'
import type { HostReading, Name } from '../../../src/stacks/pacemaker/readings.ts'
import { spec } from '../../../src/stacks/pacemaker/index.ts'
import { judgeView } from '../../../src/stacks/define.ts'
import type { CommandResult } from '../../../src/transport/transport.ts'
import { viewOf } from '../../../src/stacks/pacemaker/view.ts'
import type { Member } from '../../../src/stacks/pacemaker/view.ts'
import type { Cluster, Host } from '../../../src/inventory/inventory.ts'
import { breachesOf } from '../published.ts'
import { clusterOf, host } from './cluster.ts'
import { followingText, membersOf } from '../../../src/cluster/members.ts'

const CAPTURED = join(import.meta.dirname, 'captured')

const judge = (cluster: Cluster, readings: ReadonlyMap<string, HostReading>, at: string): ClusterStatus =>
  judgeView(spec, cluster, viewOf(factsOf(cluster), readings), at)

interface Capture {
  readonly at: string
  readonly cluster: Readonly<Record<string, unknown>>
  /** null: the host could not be reached. */
  readonly hosts: Readonly<
    Record<string, (Record<Name, CommandResult> & { readonly address: string }) | null>
  >
  readonly witnesses?: readonly string[]
}

const files = readdirSync(CAPTURED).filter((name) => name.endsWith('.json'))

function readingsOf(scenario: string, more: readonly Host[] = []) {
  const file = files.find((name) => name.startsWith(`${scenario}.`))
  const capture = JSON.parse(readFileSync(join(CAPTURED, file ?? scenario), 'utf8')) as Capture
  const hosts = Object.entries(capture.hosts).map(([name, results], index) =>
    host(
      name,
      results?.address ?? `10.77.0.${11 + index}`,
      {},
      capture.witnesses?.includes(name) ? ['witness'] : [],
    ),
  )
  const readings = new Map<string, HostReading>()
  for (const [name, results] of Object.entries(capture.hosts))
    if (results) readings.set(name, parseReading(results))
  return { cluster: clusterOf(capture.cluster, [...hosts, ...more]), readings, at: capture.at }
}

function statusOf(scenario: string, more: readonly Host[] = []): ClusterStatus {
  const { cluster, readings, at } = readingsOf(scenario, more)
  return judge(cluster, readings, at)
}

function deploymentIn(scenario: string): Deployment {
  const { cluster, readings } = readingsOf(scenario)
  return deploymentOf(viewOf(factsOf(cluster), readings))
}

/** The parts of a status a test is about, short enough to read. */
const short = (status: ClusterStatus) => ({
  health: status.health,
  primary: status.primary ?? '–',
  candidate: status.candidate ?? '–',
  replication: status.replication?.actual ?? '–',
  quorum: status.quorum ? `${status.quorum.have}/${status.quorum.of} ${status.quorum.ok}` : '–',
  members: membersOf(status).map((member) =>
    [
      member.name,
      member.role,
      followingText(member) ?? '–',
      `timeline ${member.timeline ?? '–'}`,
      member.paused,
    ]
      .filter(Boolean)
      .join(', '),
  ),
  hosts: status.hosts.map(
    ({ name, roles, reachable }) => `${name}, ${roles.join(', ')}${reachable ? '' : ', unreachable'}`,
  ),
  addresses: status.addresses.map(({ name, on }) => `${name} ${on.join('+') || 'nowhere'}`),
  problems: status.problems.map(({ severity, code, member }) => `${severity} ${code} ${member ?? ''}`.trim()),
})

test.each(files.map((file) => [file.split('.')[0] ?? file]))(
  'the captured cluster %s is judged',
  async (scenario) => {
    const golden = join(import.meta.dirname, 'status', `${scenario}.json`)
    await expect(`${JSON.stringify(short(statusOf(scenario)), null, 2)}\n`).toMatchFileSnapshot(golden)
  },
)

test.each(files.map((file) => [file.split('.')[0] ?? file]))(
  'the status of %s keeps the published schema',
  (scenario) => {
    expect(breachesOf('status', statusOf(scenario))).toEqual([])
  },
)

test('a healthy cluster of three has no problem', () => {
  const status = statusOf('healthy-3')
  expect(status.health).toBe('healthy')
  expect(status.problems).toEqual([])
  expect(membersOf(status).map((member) => member.lagBytes)).toEqual([0, 0, undefined])
})

/** A captured cluster whose reader VIP is on its primary. */
function readerOnPrimary(scenario: string): ClusterStatus {
  const { cluster, readings, at } = readingsOf(scenario)
  const { primary = '', addresses } = judge(cluster, readings, at)
  const ip = addresses.find(({ name }) => name === 'reader')?.address ?? ''
  const moved = [...readings].map(([name, reading]) => {
    const others = reading.addresses.filter((each) => each !== ip)
    return [name, { ...reading, addresses: name === primary ? [...others, ip] : others }] as const
  })
  return judge(cluster, new Map(moved), at)
}

test('the reader VIP on the primary beside a standby that streams is told', () => {
  const { health, problems } = readerOnPrimary('healthy-3')
  expect(health).toBe('degraded')
  expect(problems).toMatchObject([
    { code: 'vip/reader-misplaced', next: 'hactl status INVENTORY --watch', severity: 'warning' },
  ])
})

test('the reader VIP on the primary where no standby streams is at its place', () => {
  const codes = readerOnPrimary('standby-gone-2').problems.map(({ code }) => code)
  expect(codes).not.toContain('vip/reader-misplaced')
})

test('failures are told by what failed', () => {
  const { cluster, readings, at } = readingsOf('healthy-3')
  const node = [...readings.keys()][0] ?? ''
  const failed = [...readings].map(([name, reading]) => {
    const crm = reading.crm && {
      ...reading.crm,
      failCounts: { [node]: { 'vip-reader': 1_000_000, pgsql: 2 } },
    }
    return [name, { ...reading, ...(crm && { crm }) }] as const
  })
  const found = judge(cluster, new Map(failed), at)
  expect(found.hosts.find(({ name }) => name === node)?.failures).toEqual([
    { what: 'vip-reader', count: 1_000_000, givenUp: true },
    { what: 'pgsql', count: 2, givenUp: false },
  ])
  expect(found.problems.map(({ summary }) => summary)).toEqual([
    `Failures of vip-reader on ${node}: given up there.`,
    `Failures of pgsql on ${node}: 2 counted.`,
  ])
})

test('hosts on which nothing is deployed get one line with the command that deploys', () => {
  expect(statusOf('bare-3').problems).toMatchObject([
    { code: 'cluster/not-deployed', next: expect.stringMatching(/^hactl apply /) as unknown },
  ])
})

test('a cluster with a witness is healthy, and nothing of PostgreSQL is missed there', () => {
  const status = statusOf('healthy-2-witness')
  expect([status.health, status.problems]).toEqual(['healthy', []])
  expect(status.quorum).toEqual({ have: 3, of: 3, ok: true })
  expect(status.hosts.at(-1)).toMatchObject({ name: 'w1', roles: ['witness'], reachable: true })
  expect(membersOf(status).map(({ name }) => name)).not.toContain('w1')
})

test('a witness that the cluster does not know has no vote: apply brings it in', () => {
  const { health, problems } = statusOf('healthy-2', [host('w1', '10.77.0.13', {}, ['witness'])])
  expect(health).toBe('degraded')
  expect(problems.find(({ code }) => code === 'node/offline')?.next).toMatch(/^hactl apply /)
})

test('a witness that is away degrades the cluster: one more loss stops it', () => {
  const { health, problems } = statusOf('witness-off-2-witness')
  expect(health).toBe('degraded')
  expect(problems.find(({ code }) => code === 'node/offline')).toMatchObject({
    member: 'w1',
    detail: expect.stringContaining('Quorum 2 of 3: one more loss stops everything') as unknown,
    next: expect.stringContaining('run start') as unknown,
  })
})

test('a former primary that crashed is told apart from a standby that only stopped', () => {
  const codes = statusOf('primary-killed-3').problems.map(({ code }) => code)
  expect(codes).toContain('standby/lock-left')
  expect(codes).not.toContain('standby/stopped')
})

test('every command of a problem names the inventory', () => {
  const commands = files
    .flatMap((file) => statusOf(file.split('.')[0] ?? '').problems)
    .flatMap(({ next }) => (next?.startsWith('hactl run') ? [next] : []))
  expect(commands.length).toBeGreaterThan(3)
  expect(commands.filter((command) => !command.includes('INVENTORY'))).toEqual([])
})

const commandsFor = (scenario: string, member: string): readonly string[] =>
  statusOf(scenario)
    .problems.filter((each) => each.member === member)
    .flatMap(({ code, next }) => (next === undefined ? [] : [`${code}: ${next}`]))

test.each([
  ['primary-killed-3', 's2', ['standby/lock-left: hactl run repair-standby INVENTORY --on s2']],
  ['primary-back-3', 's3', ['standby/lock-left: hactl run repair-standby INVENTORY --on s3']],
  ['primary-diverged-3', 'pg3', ['standby/diverged: hactl run repair-standby INVENTORY --on pg3']],
  ['primary-cut-healed-3', 's1', ['standby/old-timeline: hactl run repair-standby INVENTORY --on s1']],
  ['copy-unfinished-3', 'pg3', ['standby/unfinished: hactl run rebuild-standby INVENTORY --on pg3']],
])('in %s the command named for %s mends it', (scenario, member, commands) => {
  expect(commandsFor(scenario, member)).toEqual(commands)
})

test('WAL past the fork is told in bytes, and only when the control file proves it', () => {
  const [found] = statusOf('primary-diverged-3').problems.filter(({ code }) => code === 'standby/diverged')
  expect(found?.summary).toMatch(/^pg3 went past the fork: at least \d+ bytes/)
  // Behind a failover, but on the primary's line: a timeline and a position that do not belong together say more.
  expect(statusOf('primary-killed-3').problems.map(({ code }) => code)).not.toContain('standby/diverged')
})

test('after a stop the last primary is known, and only then', () => {
  expect(deploymentIn('stopped-3').latest).toBe('s2')
  expect(deploymentIn('healthy-3').latest).toBeUndefined()
  // pg1 cannot be read: it may be ahead.
  expect(deploymentIn('primary-off-3').latest).toBeUndefined()
})

test('where nobody may be promoted, the only member of the newest timeline is started from', () => {
  const status = statusOf('cut-pair-healed-3')
  expect(deploymentIn('cut-pair-healed-3').latest).toBe('pg3')
  expect(status.problems[0]).toMatchObject({ code: 'primary/none', next: 'hactl run start INVENTORY' })
})

interface Part {
  /** The timeline and state of its control file. */
  readonly timeline: number
  readonly state: string
  readonly walTimeline?: number
  readonly lock?: boolean
  /** A standby that runs, as far as this. */
  readonly lsn?: string
  /** What the agent remembers of its data. */
  readonly data?: string
  readonly isCopy?: boolean
}

/** The captured cluster without a primary, with other data. */
function lastOf(parts: Readonly<Record<string, Part>>): string | undefined {
  const facts = factsOf(
    clusterOf(
      {},
      Object.keys(parts).map((name, n) => host(name, `10.77.0.${11 + n}`)),
    ),
  )
  const control = ({ timeline, state }: Part) => ({
    systemIdentifier: '1',
    lsn: parseLsn('0/1'),
    reached: parseLsn('0/2'),
    checksums: true,
    walLogHints: false,
    timeline,
    state,
  })
  const server = { recovery: true, version: '15', replay: null, paused: false, senders: [], receiver: null }
  const members = Object.entries(parts).map(([name, part]): Member => ({
    name,
    address: '',
    reachable: true,
    answers: true,
    votesOnly: false,
    failCounts: {},
    failures: [],
    reading: {
      addresses: [],
      aside: [],
      data: true,
      lock: part.lock === true,
      control: control(part),
      ...(part.isCopy === true && { unfinished: 'copy' as const }),
      ...(part.walTimeline !== undefined && { walTimeline: part.walTimeline }),
    },
    ...(part.lsn !== undefined && {
      server: { ...server, timeline: part.timeline, lsn: part.lsn, syncNames: '', pending: [] },
    }),
    attribute: () => part.data ?? 'DISCONNECT',
  }))
  const nodes = Object.keys(parts).map((name) => ({ name, online: true }))
  return lastPrimary({
    facts,
    managed: { resource: 'pgsql', whole: 'pgsql-clone', threshold: 3 },
    nodes: members,
    members,
    witnesses: [],
    primaries: [],
    addresses: [],
    crm: { nodes } as unknown as ClusterMonitor,
  })
}

const crashed = { state: 'in production', lock: true } as const
const standby = { state: 'in archive recovery', lsn: '0/5000' } as const

test('the last primary crashed, and nobody was promoted after it', () => {
  expect(lastOf({ a: { timeline: 6, ...crashed }, b: { timeline: 6, ...standby } })).toBe('a')
})

test('who was promoted after it has the newer timeline', () => {
  expect(lastOf({ a: { timeline: 6, ...crashed }, b: { timeline: 7, ...standby } })).toBe('b')
  expect(lastOf({ a: { timeline: 6, ...crashed }, b: { timeline: 7, ...crashed } })).toBe('b')
})

test('who crashed right after its promotion has the newer timeline in its WAL only', () => {
  const promoted = { timeline: 6, walTimeline: 7, ...crashed }
  const follower = { timeline: 7, ...standby }
  expect(lastOf({ a: { timeline: 6, ...crashed }, b: promoted, c: follower })).toBe('b')
  expect(lastOf({ a: promoted, b: { ...promoted, lock: false }, c: follower })).toBe('a')
})

test('a copy of a primary is no primary: it has no lock, or is not complete', () => {
  const copy = { timeline: 6, state: 'in production' }
  expect(lastOf({ a: { timeline: 6, ...crashed }, b: copy })).toBe('a')
  expect(lastOf({ a: { timeline: 6, ...crashed }, b: { ...copy, isCopy: true } })).toBeUndefined()
})

test('of standbys on one timeline the furthest is the one, if all of them say how far they are', () => {
  const near = { timeline: 6, ...standby }
  const far = { timeline: 6, ...standby, lsn: '0/6000' }
  expect(lastOf({ a: near, b: far, c: near })).toBe('b')
  expect(lastOf({ a: near, b: far, c: { timeline: 6, state: 'shut down in recovery' } })).toBeUndefined()
})

test('two that ended as primaries of one timeline prove nothing', () => {
  expect(lastOf({ a: { timeline: 6, ...crashed }, b: { timeline: 6, ...crashed } })).toBeUndefined()
})

test('as long as the agent promotes one by itself, it is let', () => {
  const promotable = { timeline: 6, ...standby, data: 'STREAMING|SYNC' }
  expect(lastOf({ a: { timeline: 6, ...crashed }, b: promotable })).toBeUndefined()
})
