import { expect, test } from 'vitest'
import type { HostCase } from '../../../src/cluster/doctor/case.ts'
import { CATALOG } from '../../../src/cluster/doctor/codes.ts'
import type { Draft } from '../../../src/cluster/doctor/finding.ts'
import { forkOf } from '../../../src/cluster/doctor/fork.ts'
import { parseHost } from '../../../src/cluster/doctor/parse.ts'
import { ranked } from '../../../src/cluster/doctor/rank.ts'
import { judged } from '../../../src/cluster/doctor/risk.ts'
import { RULES } from '../../../src/cluster/doctor/rules/index.ts'
import type { CaseFile } from '../../../src/cluster/doctor/case.ts'
import type { DoctorSite } from '../../../src/cluster/doctor/site.ts'
import { formatLsn } from '../../../src/cluster/lsn.ts'

const site: DoctorSite = {
  members: ['pg1', 'pg2', 'pg3'].map((name, index) => ({ name, address: `10.77.0.${11 + index}` })),
  port: 5432,
  dataDir: '/data',
  binDir: '/bin',
  socketDir: '/run',
  replicationUser: 'replicator',
  passfile: '/passfile',
  logFiles: ['/log'],
  logUnits: [],
  processes: ['postgres'],
  certificates: [{ path: '/tls/host.crt', ca: '/tls/ca.crt', what: 'The certificate', vital: true }],
  isSyncWanted: true,
  runbooks: { 'repair-standby': ['interrupts', 'refuses to discard commits'] },
}

const draft = (code: string, member?: string, severity: Draft['severity'] = 'warning'): Draft => ({
  severity,
  code,
  summary: code,
  evidence: [],
  ...(member !== undefined && { member }),
})

const shape = (drafts: readonly Draft[]) =>
  ranked(drafts, CATALOG, site).map(({ code, consequences }) => [
    code,
    ...consequences.map((each) => each.code),
  ])

test('what a root cause explains is below it, whatever the order of the rules', () => {
  const drafts = [
    draft('sync/degraded'),
    draft('standby/stopped', 'pg2'),
    draft('postgres/config', 'pg2'),
    draft('disk/full', 'pg2', 'critical'),
  ]
  expect(shape(drafts)).toEqual([['disk/full', 'postgres/config', 'standby/stopped', 'sync/degraded']])
  expect(shape(drafts.toReversed())).toEqual(shape(drafts))
})

test('the trouble of one member does not explain that of another', () => {
  expect(shape([draft('disk/full', 'pg2', 'critical'), draft('standby/stopped', 'pg3')])).toEqual([
    ['disk/full'],
    ['standby/stopped'],
  ])
})

test('a mild cause with a critical consequence comes before a mild one without', () => {
  const drafts = [
    draft('settings/timing'),
    draft('postgres/config', 'pg1'),
    draft('primary/none', undefined, 'critical'),
  ]
  expect(shape(drafts)).toEqual([['postgres/config', 'primary/none'], ['settings/timing']])
})

test.each([
  ['hactl status inventory.yml --watch', 'safe'],
  ['hactl ssh pg1 -i inventory.yml', 'safe'],
  ['hactl ssh pg1 -i inventory.yml -- du -xk --max-depth=4 /', 'safe'],
  ['hactl apply inventory.yml', 'interrupts'],
  ['hactl run repair-standby inventory.yml --on pg1', 'interrupts'],
  ['hactl run repair-standby inventory.yml --on pg1 --accept-data-loss', 'can-lose-data'],
  ['hactl run unheard-of inventory.yml', 'can-lose-data'],
  ['hactl exec pg1 -i inventory.yml -- ip addr del 10.77.0.20/24 dev eth0', 'interrupts'],
  ['hactl exec pg1 -i inventory.yml -- rm -rf /data', 'can-lose-data'],
  ['rm -rf /data', 'can-lose-data'],
])('%s: %s', (command, risk) => {
  expect(judged(command, site).risk).toBe(risk)
})

const hostWith = (name: string, timeline: number, history: string, lsn = '0/5000000'): HostCase =>
  parseHost(name, {
    server: {
      code: 0,
      stdout: JSON.stringify({ recovery: false, timeline, history, lsn, senders: [], slots: [] }),
      stderr: '',
    },
  })

test.each([
  [
    'the other went on from ours',
    hostWith('a', 4, '3\t0/3000000\tx'),
    hostWith('b', 5, '3\t0/3000000\tx\n4\t0/4000000\ty'),
    '0/4000000 4',
  ],
  ['we went on from the other', hostWith('a', 5, '4\t0/4000000\ty'), hostWith('b', 4, ''), '0/4000000 5'],
  [
    'both left a third',
    hostWith('a', 6, '4\t0/4100000\ty'),
    hostWith('b', 5, '4\t0/4000000\ty'),
    '0/4000000 6',
  ],
  ['one timeline', hostWith('a', 4, ''), hostWith('b', 4, ''), 'unknown'],
  ['nothing in common', hostWith('a', 7, '6\t0/3000000\tx'), hostWith('b', 5, '4\t0/4000000\ty'), 'unknown'],
])('where two members parted: %s', (_, one, other, wanted) => {
  const fork = forkOf(one, other)
  expect(fork ? `${formatLsn(fork.at)} ${fork.timeline}` : 'unknown').toBe(wanted)
})

const fileOf = (hosts: readonly HostCase[]): CaseFile =>
  ({
    site,
    hosts: new Map(hosts.map((host) => [host.name, host])),
    unread: new Map(),
    at: '2026-11-20T12:00:00.000Z',
    status: { problems: [], addresses: [], primary: 'pg1' },
    say: { run: () => '', apply: () => '', watch: '', ssh: () => '', exec: () => '' },
  }) as unknown as CaseFile

const codesOf = (raw: Readonly<Record<string, Readonly<Record<string, string>>>>): readonly string[] => {
  const hosts = Object.entries(raw).map(([name, answers]) =>
    parseHost(
      name,
      Object.fromEntries(
        Object.entries(answers).map(([key, stdout]) => [key, { code: 0, stdout, stderr: '' }]),
      ),
    ),
  )
  return RULES.flatMap((rule) => rule(fileOf(hosts))).map(({ code, member }) =>
    `${code} ${member ?? ''}`.trim(),
  )
}

const certificate = (from: string, to: string, verify = '/tls/host.crt: OK'): string =>
  `certificate=/tls/host.crt\nnotBefore=${from}\nnotAfter=${to}\nissuer=CN = x\nverify=${verify}\n`

test.each([
  ['Nov  1 00:00:00 2025 GMT', 'Nov 19 00:00:00 2026 GMT', undefined, ['certificate/expired pg1']],
  ['Nov 21 00:00:00 2026 GMT', 'Nov 19 00:00:00 2027 GMT', undefined, ['certificate/not-yet-valid pg1']],
  ['Nov  1 00:00:00 2025 GMT', 'Nov 29 00:00:00 2026 GMT', undefined, ['certificate/ends-soon pg1']],
  [
    'Nov  1 00:00:00 2025 GMT',
    'Nov 29 00:00:00 2036 GMT',
    'error 20 at 0 depth lookup',
    ['certificate/wrong-ca pg1'],
  ],
  ['Nov  1 00:00:00 2025 GMT', 'Nov 29 00:00:00 2036 GMT', undefined, []],
])('a certificate from %s to %s', (from, to, verify, wanted) => {
  expect(codesOf({ pg1: { certificates: certificate(from, to, verify) } })).toEqual(wanted)
})

test.each([
  [[0, 0.1, 7], ['clock/skew pg3']],
  [[-3600, 0, 0], ['clock/skew pg1']],
  [[100, 100.2, 100.1], []],
])('clocks ahead by %j seconds', (ahead, wanted) => {
  const raw = Object.fromEntries(
    ahead.map((each, index) => [`pg${index + 1}`, { clock: `1000 ${1000.2 + each} 1000.4` }]),
  )
  expect(codesOf(raw)).toEqual(wanted)
})

test('a skew that the time of asking could explain is not said', () => {
  expect(
    codesOf({
      pg1: { clock: '1000 1000 1000' },
      pg2: { clock: '1000 1004 1008' },
      pg3: { clock: '1000 1004 1000.1' },
    }),
  ).toEqual(['clock/skew pg3'])
})

test.each([
  ['FATAL:  lock file "postmaster.pid" already exists', 'postgres/pid-file'],
  [
    'LOG:  syntax error in file "/etc/x.conf" line 3, near token "y"\nlog=/log\tFATAL:  configuration file "/etc/x.conf" contains errors',
    'postgres/config',
  ],
  ['FATAL:  data directory "/data" has invalid permissions', 'postgres/permissions'],
  [
    'FATAL:  hot standby is not possible because of insufficient parameter settings',
    'postgres/settings-too-low',
  ],
  ['PANIC:  could not locate a valid checkpoint record', 'postgres/damaged'],
  ['FATAL:  could not map anonymous shared memory: Cannot allocate memory', 'postgres/memory'],
  ['FATAL:  something that nobody has seen', 'postgres/does-not-start'],
])('a server that does not start and says %s', (line, code) => {
  expect(codesOf({ pg2: { facts: 'owner=postgres 700\n', server: '', log: `log=/log\t${line}\n` } })).toEqual(
    [`${code} pg2`],
  )
})

test('what a log said before its server last served is of the past', () => {
  const log =
    'log=/log\tPANIC:  could not locate a valid checkpoint record\nlog=/log\tLOG:  database system is ready to accept connections\n'
  expect(codesOf({ pg2: { facts: 'owner=postgres 700\n', log } })).toEqual([])
})
