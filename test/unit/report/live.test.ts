import { expect, test } from 'vitest'
import type { EngineEvent } from '../../../src/engine/events.ts'
import { frame } from '../../../src/report/frame.ts'
import type { Row } from '../../../src/report/frame.ts'
import { liveView } from '../../../src/report/live.ts'
import { plainPaint } from '../../../src/report/paint.ts'
import { fakeClock } from './clock.ts'
import { task } from './events.ts'
import { Terminal } from './terminal.ts'

const names = (number: number): string[] => Array.from({ length: number }, (_, index) => `pg${index + 1}`)

const open = (hosts: readonly string[], columns = 80, rows = 24) => {
  const terminal = new Terminal(columns, rows)
  const clock = fakeClock()
  const view = liveView({ screen: terminal, paint: plainPaint, verbose: 0, clock })
  const at = '2026-11-20T09:36:00.000Z'
  view.emit({ kind: 'run-start', run: '7f3c1a', mode: 'apply', playbook: 'deploy', hosts, at, by: 'anna' })
  for (const host of hosts) view.emit({ kind: 'host-connected', host, ms: 80 })
  view.emit({ kind: 'play-start', play: 'Install', hosts, tasks: 3 })
  return { terminal, clock, view }
}

const changed = (host: string, repr: string): EngineEvent => ({
  kind: 'task-result',
  task: task(host, repr),
  result: { status: 'changed', changes: [], impact: 'none' },
  ms: 900,
})

test('the block names each host with its running task and counters', () => {
  const { terminal, clock, view } = open(['pg1', 'pg2'])
  view.emit(changed('pg1', 'file[/etc/motd]'))
  view.emit({ kind: 'task-start', task: task('pg1', 'package[postgresql-15]') })
  clock.advance(3000)
  expect(terminal.screen()).toEqual([
    'Install · 1 of 2 hosts at work · 3 s',
    '  ⠋ pg1  package[postgresql-15]  3 s  · 1 changed',
    '  ✔ pg2',
    '',
  ])
})

test('forty hosts on 24 rows: every change is one lasting line, nothing is drawn twice', async () => {
  const hosts = names(40)
  const { terminal, clock, view } = open(hosts)
  for (let round = 1; round <= 30; round++) {
    for (const host of hosts) view.emit({ kind: 'task-start', task: task(host, `step[${round}]`) })
    clock.advance(300)
    for (const host of hosts) view.emit(changed(host, `step[${round}]`))
    clock.advance(100)
    expect(terminal.screen().length).toBeLessThanOrEqual(24)
  }
  await view.close()
  const all = [...terminal.scrolledOff, ...terminal.screen()].filter((line) => line !== '')
  expect(all).toHaveLength(30)
  expect(all[0]).toMatch(/^✔ step\[1\] {2}pg1 pg2 pg3.* and \d+ more$/)
  expect(all.every((line) => line.length < 80)).toBe(true)
})

test('a failure is a lasting line at once and stays in the block', () => {
  const { terminal, clock, view } = open(names(40))
  const error = { severity: 'error', code: 'step/failed', summary: 'apt-get exited 100' } as const
  const failed = task('pg39', 'package[postgresql-15]')
  view.emit({ kind: 'task-result', task: failed, result: { status: 'failed', error }, ms: 10 })
  clock.advance(100)
  expect(terminal.screen()[0]).toContain('✗ pg39 · package[postgresql-15]  apt-get exited 100')
  expect(terminal.screen().some((line) => line.startsWith('  ✗ pg39'))).toBe(true)
  expect(terminal.screen().at(-2)).toBe('  … 26 more hosts: 26 done')
})

test('it draws at most ten times a second, and not when nothing changed', () => {
  const { terminal, clock, view } = open(['pg1'])
  clock.advance(1000)
  const idle = terminal.writes.length
  clock.advance(900)
  expect(terminal.writes.length).toBe(idle)
  for (let n = 0; n < 100; n++) {
    view.emit({ kind: 'task-start', task: task('pg1', `t[${n}]`) })
    clock.advance(10)
  }
  expect(terminal.writes.length - idle).toBeLessThanOrEqual(11)
})

test('lines of others and a question do not tear the block', async () => {
  const { terminal, clock, view } = open(['pg1', 'pg2'])
  clock.advance(100)
  view.log('Stopping after package[postgresql-15] on pg1.')
  clock.advance(100)
  view.pause()
  expect(terminal.screen()).toEqual(['Stopping after package[postgresql-15] on pg1.', ''])
  clock.advance(500)
  expect(terminal.screen()).toEqual(['Stopping after package[postgresql-15] on pg1.', ''])
  view.resume()
  clock.advance(100)
  expect(terminal.screen()).toHaveLength(5)
  await view.close()
  expect(terminal.writes.at(-1)).toContain('\u001b[?25h')
})

test('a terminal made narrower keeps every lasting line', () => {
  const { terminal, clock, view } = open(['pg1', 'pg2'])
  view.log('a lasting line')
  clock.advance(100)
  terminal.columns = 20
  view.log('another one')
  clock.advance(100)
  const lines = terminal.screen()
  expect(lines).toContain('a lasting line')
  expect(lines.indexOf('another one')).toBeGreaterThan(lines.indexOf('a lasting line'))
})

const rows = (number: number): Row[] =>
  names(number).map((host, index) => ({
    host,
    state: index % 9 === 0 ? 'failed' : 'running',
    text: 'x'.repeat(200),
  }))

test.each([
  [1, 3],
  [3, 24],
  [40, 24],
  [300, 10],
  [40, 4],
])('a frame of %i hosts is at least two rows lower than a terminal of %i rows', (hosts, height) => {
  const lines = frame('Install', rows(hosts), { columns: 60, rows: height }, { paint: plainPaint, tick: 0 })
  expect(lines.length).toBeLessThanOrEqual(Math.max(2, height - 2))
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(60)
})
