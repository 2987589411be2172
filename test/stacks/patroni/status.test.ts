import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EXIT, HactlError, problem } from '../../../src/diag/diagnostic.ts'
import type { Probe } from '../../../src/engine/probe.ts'
import type { ClusterStatus } from '../../../src/cluster/status.ts'
import type { Cluster } from '../../../src/inventory/inventory.ts'
import type { Deployment } from '../../../src/parts/postgres/deployment.ts'
import { deploymentOf } from '../../../src/stacks/patroni/deployment.ts'
import { factsOf } from '../../../src/stacks/patroni/derive.ts'
import { parseReading, prefixOf } from '../../../src/stacks/patroni/readings.ts'
import type { HostReading, Name } from '../../../src/stacks/patroni/readings.ts'
import { patroni, spec } from '../../../src/stacks/patroni/index.ts'
import { judgeView } from '../../../src/stacks/define.ts'
import { viewOf } from '../../../src/stacks/patroni/view.ts'
import type { CommandResult } from '../../../src/transport/transport.ts'
import { breachesOf } from '../published.ts'
import { clusterOf, host } from './cluster.ts'
import { followingText, membersOf } from '../../../src/cluster/members.ts'

const CAPTURED = join(import.meta.dirname, 'captured')

const judge = (cluster: Cluster, readings: ReadonlyMap<string, HostReading>, at: string): ClusterStatus =>
  judgeView(spec, cluster, viewOf(factsOf(cluster), readings), at)

type Answers = Partial<Record<Name, CommandResult>> & { readonly address: string }

interface Capture {
  readonly at: string
  readonly cluster: Readonly<Record<string, unknown>> & {
    readonly postgres: { readonly settings: Readonly<Record<string, unknown>> }
  }
  readonly tags: Readonly<Record<string, unknown>>
  /** Of hosts that are no members. */
  readonly groups?: Readonly<Record<string, readonly string[]>>
  /** null: the host could not be reached. */
  readonly hosts: Readonly<Record<string, Answers | null>>
}

const files = readdirSync(CAPTURED).filter((name) => name.endsWith('.json'))
const scenarios = files.map((file) => file.split('.')[0] ?? file)

const captureOf = (scenario: string): Capture => {
  const file = files.find((name) => name.startsWith(`${scenario}.`))
  return JSON.parse(readFileSync(join(CAPTURED, file ?? scenario), 'utf8')) as Capture
}

/** What the profile gave when they were captured. */
const THEN = { wal_sender_timeout: '30s' }

/** The cluster of a capture and what was read; `change` is made to the answers of every host. */
function readingsOf(scenario: string, more: Readonly<Record<string, unknown>> = {}) {
  const { cluster: written, hosts: answers, tags, groups, at } = captureOf(scenario)
  const hosts = Object.entries(answers).map(([name, results], index) => {
    const vars = tags[name] === undefined ? {} : { tags: tags[name] }
    return host(name, results?.address ?? `10.77.0.${11 + index}`, vars, groups?.[name])
  })
  const postgres = { ...written.postgres, settings: { ...THEN, ...written.postgres.settings } }
  const cluster = clusterOf({ ...written, postgres, ...more }, hosts)
  const readings = new Map<string, HostReading>()
  for (const [name, results] of Object.entries(answers))
    if (results) readings.set(name, parseReading(results, prefixOf(factsOf(cluster))))
  return { cluster, readings, at }
}

function statusOf(scenario: string, more: Readonly<Record<string, unknown>> = {}): ClusterStatus {
  const { cluster, readings, at } = readingsOf(scenario, more)
  return judge(cluster, readings, at)
}

function deploymentIn(scenario: string): Deployment {
  const { cluster, readings } = readingsOf(scenario)
  return deploymentOf(viewOf(factsOf(cluster), readings))
}

/** The parts of a status a test is about, short enough to read. */
const short = (found: ClusterStatus) => ({
  health: found.health,
  primary: found.primary ?? '–',
  candidate: found.candidate ?? '–',
  replication: found.replication?.actual ?? '–',
  quorum: found.quorum ? `${found.quorum.have}/${found.quorum.of} ${found.quorum.ok}` : '–',
  members: membersOf(found).map((member) =>
    [
      member.name,
      member.role,
      member.running ? 'running' : 'not running',
      followingText(member) ?? '–',
      `timeline ${member.timeline ?? '–'}`,
      member.paused,
      member.pendingRestart && 'restart pending',
    ]
      .filter(Boolean)
      .join(', '),
  ),
  hosts: found.hosts.map(
    ({ name, roles, reachable }) => `${name}, ${roles.join(', ')}${reachable ? '' : ', unreachable'}`,
  ),
  addresses: found.addresses.map(({ name, on }) => `${name} ${on.join('+') || 'nowhere'}`),
  guards: found.guards.join(', '),
  problems: found.problems.map(({ severity, code, summary, next }) =>
    [severity, code, summary, next ?? '–'].join(' | '),
  ),
})

test.each(scenarios)('the captured cluster %s is judged', async (scenario) => {
  const golden = join(import.meta.dirname, 'status', `${scenario}.json`)
  const { seed, managed, latest } = deploymentIn(scenario)
  const deploy = `seed ${seed}, managed ${managed}, latest ${latest ?? '–'}`
  const text = JSON.stringify({ ...short(statusOf(scenario)), deployment: deploy }, null, 2)
  await expect(`${text}\n`).toMatchFileSnapshot(golden)
})

test.each(scenarios)('the status of %s keeps the published schema', (scenario) => {
  expect(breachesOf('status', statusOf(scenario))).toEqual([])
})

test('a host that is lost while it is read counts as unreachable', async () => {
  const { cluster } = readingsOf('healthy-3')
  const lost: Probe = {
    host: 'pg1',
    run: () => Promise.reject(new HactlError(problem('ssh/lost', 'the connection ended'), EXIT.unreachable)),
    ask: () => Promise.reject(new Error('not asked')),
  }
  const found = await patroni.status(cluster, new Map([['pg1', lost]]))
  expect(found.hosts.map(({ reachable }) => reachable)).toEqual([false, false, false])
  expect(found.health).toBe('down')
  expect(await patroni.deployment?.(cluster, new Map([['pg1', lost]]))).toMatchObject({ managed: true })
})

test('a healthy cluster of three has no problem', () => {
  const found = statusOf('healthy-3')
  expect(found.health).toBe('healthy')
  expect(found.problems).toEqual([])
  expect(membersOf(found).map(({ lagBytes }) => lagBytes)).toEqual([undefined, 0, 0])
})

test('a former primary that is being rewound is waited for, not repaired', () => {
  const { cluster, readings, at } = readingsOf('diverged-3')
  const reading = readings.get('pg2')
  if (!reading) throw new Error('no reading')
  const standbysOf = (rewinding: boolean) =>
    judge(cluster, new Map([...readings, ['pg2', { ...reading, rewinding }]]), at)
      .problems.filter(({ code, member }) => member === 'pg2' && code.startsWith('standby/'))
      .map(({ code, next }) => [code, next])
  expect(standbysOf(false)).toEqual([['standby/diverged', 'hactl run repair-standby INVENTORY --on pg2']])
  expect(standbysOf(true)).toEqual([['standby/rewinding', 'hactl status INVENTORY --watch']])
})

const codesOf = (scenario: string, more: Readonly<Record<string, unknown>> = {}): readonly string[] =>
  statusOf(scenario, more).problems.map(({ code }) => code)

test.each([
  ['two-primaries-3', ['primary/two']],
  ['primary-unmanaged-3', ['vip/writer-missing', 'member/unmanaged']],
  ['diverged-3', ['cluster/not-running', 'standby/diverged']],
  ['etcd-member-lost-3', ['standby/stopped', 'dcs/member-lost']],
  ['failsafe-active-3', ['quorum/lost', 'failsafe/active']],
  ['etcd-quorum-lost-3', ['quorum/lost', 'primary/none', 'cluster/not-running']],
  ['stopped-3', ['cluster/stopped']],
  ['bare-3', ['cluster/not-deployed']],
  ['apart-2', []],
  ['tags-2', ['member/tags']],
  ['watchdog-missing-2', ['watchdog/missing', 'watchdog/missing']],
  ['standby-lagging-2', ['standby/lagging']],
  ['slot-lost-2', ['standby/lagging', 'slots/at-risk']],
  ['slot-lost-standby-2', ['sync/waits', 'standby/not-streaming', 'slots/lost']],
  ['strict-without-standby-2', ['sync/waits', 'cluster/not-running', 'slots/lost']],
  ['half-deployed-2', ['sync/waits', 'member/not-deployed', 'slots/lost']],
  ['system-ids-2', ['cluster/system-ids', 'sync/waits', 'cluster/not-running', 'slots/lost']],
])('in %s exactly this is said: %j', (scenario, codes) => {
  expect(codesOf(scenario)).toEqual(codes)
})

test('in mode strict a primary without a synchronous standby is down: it acknowledges nothing', () => {
  expect(statusOf('strict-without-standby-2').health).toBe('down')
  const sync = { replication: { mode: 'sync', synchronous_nodes: 1 } }
  expect(statusOf('strict-without-standby-2', sync).health).toBe('degraded')
})

test('etcd that asks for a password is read with it', () => {
  const { readings } = readingsOf('apart-2')
  expect([...readings].flatMap(([name, { etcd }]) => (etcd?.keys?.has('leader') ? [name] : []))).toEqual([
    'e1',
    'e2',
    'e3',
  ])
})

test('without a majority of etcd, what Patroni remembers of the cluster is not taken for the present', () => {
  expect(statusOf('failsafe-active-3').quorum).toEqual({ have: 0, of: 3, ok: false })
})

test('etcd that cannot be asked is believed through Patroni', () => {
  const { cluster, readings, at } = readingsOf('healthy-3')
  const deaf = new Map(
    [...readings].map(([name, { etcd: _etcd, ...reading }]) => [`${name}`, reading] as const),
  )
  const apart = { ...cluster, hosts: [...cluster.hosts, host('e1', '10.77.0.31', {}, ['etcd'])] }
  const found = judge(apart, deaf, at)
  expect(found.quorum?.ok).toBe(true)
  expect(deploymentOf(viewOf(factsOf(apart), deaf)).managed).toBe(true)
  expect(found.candidate).toBe('pg3')
  expect(found.problems.map(({ code, member }) => [code, member])).toEqual([['host/unreachable', 'e1']])
})

test('what the inventory wants otherwise is said with both values', () => {
  const [found] = statusOf('healthy-3', { timing: 'normal' }).problems
  expect(found?.code).toBe('dcs/config-drift')
  expect(found?.summary).toContain('ttl is 20, wanted 30')
})

test.each([
  [{ max_connections: 90 }, 'standbys-first', 'max_connections 60 → 90'],
  [{ max_connections: 40 }, 'primary-first', 'max_connections 60 → 40'],
  [{ max_connections: 90, max_wal_senders: 5 }, 'refused', 'max_connections 60 → 90, max_wal_senders 10 → 5'],
])('settings edited in the lock service, %j, restart in their own order: %s', (edited, order, moves) => {
  const { cluster, readings } = readingsOf('healthy-3')
  const edit = (text = '{}'): string => {
    const config = JSON.parse(text) as { postgresql: { parameters: Record<string, unknown> } }
    Object.assign(config.postgresql.parameters, edited)
    return JSON.stringify(config)
  }
  const changed = new Map(
    [...readings].map(([name, { etcd, ...reading }]) => {
      const keys = new Map([...(etcd?.keys ?? []), ['config', edit(etcd?.keys?.get('config'))] as const])
      return [name, { ...reading, ...(etcd && { etcd: { ...etcd, keys } }) }] as const
    }),
  )
  const { pending, restart } = deploymentOf(viewOf(factsOf(cluster), changed))
  expect(pending).toEqual({ order, moves })
  expect(restart).toBe('standbys-first')
})

test.each([
  [['pg1'], /^pg2 and pg3 can be promoted/],
  [['pg1', 'pg2'], /on 1 of pg2 and pg3, but nobody knows on which/],
])('quorum commits, with %j gone: it is said whether the others can be promoted', (gone, detail) => {
  const { cluster, readings, at } = readingsOf('healthy-3')
  const left = new Map(
    [...readings].flatMap(([name, { etcd, ...reading }]) => {
      if (gone.includes(name)) return []
      const keys = new Map(etcd?.keys)
      keys.delete('leader')
      keys.set(
        'config',
        JSON.stringify({ ...JSON.parse(keys.get('config') ?? '{}'), synchronous_mode: 'quorum' }),
      )
      keys.set('sync', '{"leader":"pg1","quorum":1,"sync_standby":"pg2,pg3"}')
      return [[name, { ...reading, ...(etcd && { etcd: { ...etcd, keys } }) }] as const]
    }),
  )
  const found = judge(cluster, left, at).problems.find(({ code }) => code === 'primary/none')
  expect(found?.detail).toMatch(detail)
})

test('every command of a problem names the inventory or a host', () => {
  const commands = scenarios.flatMap((scenario) =>
    statusOf(scenario).problems.flatMap(({ next }) => next ?? []),
  )
  expect(commands.length).toBeGreaterThan(10)
  expect(commands.filter((command) => !/INVENTORY|^hactl ssh /.test(command))).toEqual([])
})
