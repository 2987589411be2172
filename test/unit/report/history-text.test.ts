import { join } from 'node:path'
import { expect, test } from 'vitest'
import { historyText, runHead, runText } from '../../../src/report/history-text.ts'
import type { PastRun } from '../../../src/report/history-text.ts'
import { plainPaint } from '../../../src/report/paint.ts'
import { broken } from './broken.ts'
import { planEvents, results, run, THREE } from './events.ts'

const golden = (name: string): string => join(import.meta.dirname, 'golden', name)
const options = { width: 80, paint: plainPaint }

const fine = run('apply', THREE, results(THREE, 'file[/etc/motd]', { status: 'ok' }))
const runs: readonly PastRun[] = [
  { id: '7f3c1a', events: broken(), intact: true },
  { id: '80aa01', events: broken().slice(0, -2), intact: true },
  { id: '91bb02', events: fine, intact: false },
]

test('the history is one line a run', async () => {
  await expect(historyText(runs, options)).toMatchFileSnapshot(golden('history.txt'))
})

test('no runs yet is said', () => {
  expect(historyText([], options)).toBe('No runs yet.\n')
})

test('one run is told with every change and failure', async () => {
  const text = runText({ id: '7f3c1a', events: broken(), intact: true }, { ...options, diff: false })
  await expect(text).toMatchFileSnapshot(golden('show-failed.txt'))
})

test('--diff shows what was written', async () => {
  const text = runText({ id: '7f3c1a', events: planEvents(), intact: true }, { ...options, diff: true })
  await expect(text).toMatchFileSnapshot(golden('show-diff.txt'))
})

test('a run that has no end is not called done', () => {
  expect(runHead(runs[1] ?? { id: '', events: [], intact: true })).toMatchObject({
    run: '80aa01',
    mode: 'apply',
  })
  expect(historyText(runs, options)).toMatch(/80aa01.*did not end/)
})

test('what a runbook was given is part of its story', () => {
  const events = fine.toSpliced(1, 0, { kind: 'run-params', params: { on: 'pg1' } })
  expect(runText({ id: '91bb02', events, intact: true }, { ...options, diff: false })).toContain(
    '\nwith on pg1\n',
  )
})
