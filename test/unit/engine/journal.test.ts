import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { EngineEvent } from '../../../src/engine/events.ts'
import { listRuns, openJournal, readRun } from '../../../src/engine/journal.ts'
import { masker, Secret } from '../../../src/lib/secret.ts'
import { historyText } from '../../../src/report/history-text.ts'
import { plainPaint } from '../../../src/report/paint.ts'

const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'hactl-journal-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

const start: EngineEvent = {
  kind: 'run-start',
  run: 'abc123',
  mode: 'apply',
  playbook: 'deploy.yml',
  hosts: ['pg1'],
  at: '2026-12-01T00:00:00Z',
  by: 'admin',
}
const task = {
  id: '0.1.1.0@pg1',
  play: 'p',
  name: 'set 12345',
  repr: 'file[/x]',
  module: 'file',
  host: 'pg1',
  handler: false,
  source: { file: 'deploy.yml', line: 12345, col: 1 },
}

test('secrets that are words or numbers of the journal do its lines no harm', () => {
  const dir = folder()
  const secrets = ['changed', '12345', '"status"', 'kind', 'abc123'].map((text) => new Secret(text))
  const journal = openJournal(dir, 'abc123', masker(secrets))
  journal.write(start)
  const changes = [{ field: 'content', from: 'old 12345', to: { status: 'changed', n: 12345 } }]
  const result = { status: 'changed', changes, impact: 'none' } as const
  journal.write({ kind: 'task-result', task, result, ms: 12345 })
  const [run] = listRuns(dir)
  expect(run?.intact).toBe(true)
  expect(run?.lines.map(({ event }) => event.kind)).toEqual(['run-start', 'task-result'])
  expect(run?.lines[1]?.event).toMatchObject({
    task: { name: 'set ••••', source: { line: 12345 } },
    result: {
      status: 'changed',
      changes: [{ field: 'content', from: 'old ••••', to: { status: '••••', n: 12345 } }],
    },
  })
})

test.each([
  '5',
  '{}',
  'null',
  '"x"',
  '[]',
  '{"seq":1}',
  '{"seq":1,"at":"","prev":"","hash":"","event":5}',
  'no json',
])('a line %s makes its run damaged and stops nothing', (line) => {
  const dir = folder()
  for (const run of ['aaaaaa', 'bbbbbb']) {
    const journal = openJournal(dir, run, (text) => text)
    journal.write({ ...start, run })
  }
  const [first] = listRuns(dir)
  appendFileSync(first?.file ?? '', `${line}\n`)
  writeFileSync(join(dir, '20200101T000000Z-cccccc.jsonl'), `${line}\n`)
  const runs = listRuns(dir)
  expect(runs.map(({ id, intact }) => [id, intact])).toEqual([
    ['cccccc', false],
    ['aaaaaa', false],
    ['bbbbbb', true],
  ])
  expect(readRun(dir, 'bbb').lines).toHaveLength(1)
  const past = runs.map(({ id, lines, intact }) => ({ id, intact, events: lines.map(({ event }) => event) }))
  expect(historyText(past, { width: 100, paint: plainPaint })).toContain('bbbbbb')
  openJournal(dir, 'dddddd', (text) => text).write(start)
  expect(readFileSync(first?.file ?? '', 'utf8')).toContain(line)
})
