import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { EngineEvent } from '../../../src/engine/events.ts'
import { runJson } from '../../../src/report/json.ts'
import { jsonlView } from '../../../src/report/jsonl.ts'
import { plainView } from '../../../src/report/plain.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { broken } from './broken.ts'
import { fakeClock } from './clock.ts'
import { planEvents, run, task } from './events.ts'

const golden = (name: string): string => join(import.meta.dirname, 'golden', name)

const plain = (events: readonly EngineEvent[], verbose = 0): string => {
  const lines: string[] = []
  const view = plainView({ write: (line) => lines.push(line), verbose, clock: fakeClock() })
  for (const event of events) view.emit(event)
  return `${lines.join('\n')}\n`
}

test('without a terminal every change and failure is one line', async () => {
  await expect(plain(broken())).toMatchFileSnapshot(golden('plain-apply.txt'))
})

test('-vv names every task', async () => {
  await expect(plain(broken(), 2)).toMatchFileSnapshot(golden('plain-apply-vv.txt'))
})

test('a plan is silent while it reads', () => {
  expect(plain(planEvents())).toBe('\n')
})

test('what runs longer than 2 s is named, the same again ever more rarely, until it ends', () => {
  const clock = fakeClock()
  const lines: string[] = []
  const view = plainView({ write: (line) => lines.push(line), verbose: 0, clock })
  const slow = task('pg1', 'package[postgresql-15]')
  view.emit({ kind: 'task-start', task: slow })
  clock.advance(1900)
  expect(lines).toEqual([])
  clock.advance(52_100)
  view.emit({ kind: 'task-result', task: slow, result: { status: 'ok' }, ms: 54_000 })
  clock.advance(60_000)
  expect(lines).toEqual([
    `${slow.name} · pg1 (2.0 s)`,
    `${slow.name} · pg1 (12.0 s)`,
    `${slow.name} · pg1 (42.0 s)`,
  ])
})

test('hosts at one task are one line an interval, with what they wait for; only what is new is said again', () => {
  const clock = fakeClock()
  const lines: string[] = []
  const view = plainView({ write: (line) => lines.push(line), verbose: 0, clock })
  const waits = ['pg1', 'pg2', 'pg3'].map((host) => ({
    ...task(host, 'postgres_wait[streaming]'),
    name: 'Every standby streams',
  }))
  for (const each of waits) {
    view.emit({ kind: 'task-start', task: each })
    view.emit({ kind: 'task-wait', task: each, seen: 'no server answers' })
  }
  clock.advance(2000)
  const [first, second, third] = waits
  if (!first || !second || !third) throw new Error('three hosts')
  view.emit({ kind: 'task-wait', task: second, seen: 'it streams from nobody\nlook at its log' })
  view.emit({ kind: 'task-wait', task: third, seen: 'it streams from nobody', slow: 'busy' })
  clock.advance(10_000)
  clock.advance(9000)
  view.emit({ kind: 'task-result', task: first, result: { status: 'ok' }, ms: 21_000 })
  clock.advance(1000)
  expect(lines).toEqual([
    'Every standby streams · pg1 pg2 pg3: no server answers (2.0 s)',
    'Every standby streams · pg1: no server answers · pg2: it streams from nobody · pg3: it streams from nobody; the host is busy, so it goes on (12.0 s)',
    'Every standby streams · pg2: it streams from nobody · pg3: it streams from nobody; the host is busy, so it goes on (22.0 s)',
  ])
})

test('JSON lines are the events, one a line', () => {
  const lines: string[] = []
  const view = jsonlView(
    (line) => lines.push(line),
    () => undefined,
  )
  const events = planEvents()
  for (const event of events) view.emit(event)
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(JSON.parse(JSON.stringify(events)))
})

test('JSON holds every result with its task, and no secret', () => {
  const changes = [{ field: 'password', from: new Secret('old-password'), to: new Secret('new-password') }]
  const events = run(
    'apply',
    ['pg1'],
    [
      {
        kind: 'task-result',
        task: task('pg1', 'postgres_role[app]'),
        result: { status: 'changed', changes, impact: 'none' },
        ms: 12,
      },
    ],
  )
  const text = JSON.stringify(runJson(events))
  expect(text).not.toMatch(/(old|new)-password/)
  expect(JSON.parse(text)).toMatchObject({
    run: '7f3c1a',
    mode: 'apply',
    results: [{ host: 'pg1', repr: 'postgres_role[app]', status: 'changed', ms: 12 }],
    summary: { changed: 1 },
  })
})
