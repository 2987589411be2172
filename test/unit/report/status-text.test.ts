import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toTerminal } from '../../../src/lib/terminal.ts'
import type { ClusterStatus, HostStatus, ServiceStatus } from '../../../src/cluster/status.ts'
import { colorPaint, plainPaint } from '../../../src/report/paint.ts'
import { formatBytes, statusText } from '../../../src/report/status-text.ts'

const golden = (name: string): string => join(import.meta.dirname, 'golden', name)
const options = { width: 80, paint: plainPaint }

const hostOf = (name: string, more: Partial<HostStatus> = {}): HostStatus => ({
  name,
  address: `10.77.0.1${name.slice(-1)}`,
  reachable: true,
  roles: ['member'],
  failures: [],
  ...more,
})

const serviceOf = (host: string, more: Partial<ServiceStatus> = {}): ServiceStatus => ({
  kind: 'PostgreSQL',
  host,
  state: 'running',
  role: 'standby',
  version: '15.20',
  timeline: 3,
  lagBytes: 0,
  ...more,
})

const healthy: ClusterStatus = {
  cluster: 'pgcluster',
  stack: 'pacemaker',
  replication: { wanted: 'sync', actual: 'sync' },
  health: 'healthy',
  primary: 'pg1',
  hosts: [hostOf('pg1'), hostOf('pg2'), hostOf('pg3')],
  services: [
    { kind: 'PostgreSQL', host: 'pg1', state: 'running', role: 'primary', version: '15.20', timeline: 3 },
    serviceOf('pg2', { replication: { sync: 'sync', state: 'streaming' } }),
    serviceOf('pg3', { replication: { sync: 'potential', state: 'streaming' }, lagBytes: 17_301_504 }),
  ],
  addresses: [
    { name: 'writer', address: '10.77.0.20', on: ['pg1'] },
    { name: 'reader', address: '10.77.0.21', on: ['pg2'] },
  ],
  quorum: { have: 3, of: 3, ok: true },
  guards: ['lock held by pg1, 2 s old', 'fencing ready on 3'],
  problems: [],
  at: '2026-11-20T09:36:00.000Z',
}

const unseen: HostStatus = { name: 'pg3', address: '10.77.0.13', reachable: false, roles: ['member'] }

const degraded: ClusterStatus = {
  ...healthy,
  replication: { wanted: 'sync', actual: 'async' },
  health: 'degraded',
  primary: 'pg2',
  hosts: [hostOf('pg1'), hostOf('pg2'), unseen],
  services: [
    serviceOf('pg1', { state: 'stopped', condition: 'refused to start', timeline: 12 }),
    { ...serviceOf('pg2', { role: 'primary', timeline: 13, pendingRestart: true }) },
    { kind: 'PostgreSQL', host: 'pg3', state: 'unknown', role: 'unknown' },
  ],
  addresses: [
    { name: 'writer', address: '10.77.0.20', on: ['pg2'] },
    { name: 'reader', address: '10.77.0.21', on: [] },
  ],
  quorum: { have: 2, of: 3, ok: true },
  guards: [],
  problems: [
    {
      severity: 'warning',
      code: 'replication/no-sync',
      summary: 'No sync standby: if pg2 fails now, nothing can be promoted automatically.',
    },
    {
      severity: 'critical',
      code: 'member/diverged',
      summary: 'pg1 went past the fork: its timeline 12 ends at 0/90458C8, the cluster left it at 0/9045828.',
      detail: '3 commits on pg1 (2 tables, 41 rows) exist nowhere else.',
      next: 'hactl run repair-standby inventory.yml --on pg1',
      member: 'pg1',
    },
  ],
}

test('a healthy cluster is one screen', async () => {
  const last = 'switchover pg2 → pg1, 2 h ago, 0.9 s without writes'
  await expect(statusText(healthy, { ...options, last })).toMatchFileSnapshot(golden('status-healthy.txt'))
})

test('a degraded cluster names what is wrong, worst first, and the next command', async () => {
  await expect(statusText(degraded, options)).toMatchFileSnapshot(golden('status-degraded.txt'))
})

test('failures of an address are not shown as those of the server, and a resource given up is no number', () => {
  const failures = [{ what: 'vip-reader', count: 1_000_000, givenUp: true }]
  const text = statusText({ ...healthy, hosts: [hostOf('pg1', { failures })] }, { ...options, width: 200 })
  expect(text).toContain('failures of vip-reader: given up')
  expect(text).toMatch(/pg1 +primary +vip-reader given up/)
  expect(text).not.toMatch(/1000000|failures 1/)
})

test('a host that is no member has a row, and a service without roles a line of its own', () => {
  const more: ClusterStatus = {
    ...healthy,
    hosts: [
      ...healthy.hosts,
      hostOf('w4', { roles: ['witness'] }),
      hostOf('e5', { roles: ['etcd', 'proxy'] }),
    ],
    services: [
      ...healthy.services,
      { kind: 'Redis', host: 'pg1', state: 'running', version: '7.0.15' },
      { kind: 'Redis', host: 'pg2', state: 'stopped' },
    ],
  }
  const text = statusText(more, { ...options, width: 200 })
  expect(text).toMatch(/^ +w4 +witness +– +– +– +10\.77\.0\.14$/m)
  expect(text).toMatch(/^ +e5 +etcd, proxy +– /m)
  expect(text).toContain('Redis 7.0.15 on pg1; not on pg2')
})

test('a cluster of something else than PostgreSQL has neither replication nor its version in the heading', () => {
  const { replication: _replication, primary: _primary, ...rest } = healthy
  const other: ClusterStatus = { ...rest, services: [{ kind: 'Redis', host: 'pg1', state: 'running' }] }
  expect(statusText(other, options).split('\n')[0]).toMatch(/^pgcluster · pacemaker {2,}healthy$/)
})

test('colours only underline: without them the text is the same', () => {
  const bare = toTerminal(statusText(degraded, { ...options, paint: colorPaint })).replaceAll(
    /\u001b\[\d+m/g,
    '',
  )
  expect(bare).toBe(statusText(degraded, options))
})

test('a status keeps to 80 columns, but never cuts an address or a command', () => {
  const lines = [healthy, degraded].flatMap((status) => statusText(status, options).split('\n'))
  expect(lines.filter((line) => line.length > 80)).toEqual([])
  expect(statusText(degraded, { ...options, width: 40 })).toContain(
    'hactl run repair-standby inventory.yml --on pg1',
  )
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 kB'],
  [17_301_504, '16.5 MB'],
  [900 * 1024 ** 3, '900 GB'],
])('%i bytes read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})
