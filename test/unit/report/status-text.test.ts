import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ClusterStatus } from '../../../src/cluster/status.ts'
import { toTerminal } from '../../../src/lib/terminal.ts'
import { colorPaint, plainPaint } from '../../../src/report/paint.ts'
import { formatBytes, statusText } from '../../../src/report/status-text.ts'

const golden = (name: string): string => join(import.meta.dirname, 'golden', name)
const options = { width: 80, paint: plainPaint }

const standby = {
  role: 'standby',
  running: true,
  reachable: true,
  timeline: 3,
  lagBytes: 0,
  failures: 0,
} as const

const healthy: ClusterStatus = {
  cluster: 'pgcluster',
  stack: 'pacemaker',
  postgres: { version: '15.20' },
  replication: { wanted: 'sync', actual: 'sync' },
  health: 'healthy',
  members: [
    {
      name: 'pg1',
      address: '10.77.0.11',
      role: 'primary',
      running: true,
      reachable: true,
      timeline: 3,
      failures: 0,
    },
    { ...standby, name: 'pg2', address: '10.77.0.12', replication: 'sync, streaming' },
    { ...standby, name: 'pg3', address: '10.77.0.13', replication: 'potential', lagBytes: 17_301_504 },
  ],
  addresses: [
    { name: 'writer', address: '10.77.0.20/24', on: ['pg1'] },
    { name: 'reader', address: '10.77.0.21/24', on: ['pg2'] },
  ],
  quorum: { have: 3, of: 3, ok: true },
  guards: ['lock held by pg1, 2 s old', 'fencing ready on 3'],
  problems: [],
  at: '2026-11-20T09:36:00.000Z',
}

const degraded: ClusterStatus = {
  ...healthy,
  replication: { wanted: 'sync', actual: 'async' },
  health: 'degraded',
  members: [
    {
      ...standby,
      name: 'pg1',
      address: '10.77.0.11',
      running: false,
      replication: 'refused to start',
      timeline: 12,
    },
    {
      name: 'pg2',
      address: '10.77.0.12',
      role: 'primary',
      running: true,
      reachable: true,
      timeline: 13,
      pendingRestart: true,
    },
    { name: 'pg3', address: '10.77.0.13', role: 'unknown', running: false, reachable: false },
  ],
  addresses: [
    { name: 'writer', address: '10.77.0.20/24', on: ['pg2'] },
    { name: 'reader', address: '10.77.0.21/24', on: [] },
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
