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

test('what runs longer than 2 s is named, then every 10 s, until it ends', () => {
  const clock = fakeClock()
  const lines: string[] = []
  const view = plainView({ write: (line) => lines.push(line), verbose: 0, clock })
  const slow = task('pg1', 'package[postgresql-15]')
  view.emit({ kind: 'task-start', task: slow })
  clock.advance(1900)
  expect(lines).toEqual([])
  clock.advance(22_100)
  view.emit({ kind: 'task-result', task: slow, result: { status: 'ok' }, ms: 24_000 })
  clock.advance(60_000)
  expect(lines).toEqual([
    'pg1 · package[postgresql-15] running for 2.0 s',
    'pg1 · package[postgresql-15] running for 12.0 s',
    'pg1 · package[postgresql-15] running for 22.0 s',
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
