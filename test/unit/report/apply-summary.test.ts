import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { EngineEvent } from '../../../src/engine/events.ts'
import { applySummary } from '../../../src/report/apply-summary.ts'
import { plainPaint } from '../../../src/report/paint.ts'
import { broken } from './broken.ts'
import { results, run, THREE } from './events.ts'

const golden = (name: string): string => join(import.meta.dirname, 'golden', name)
const options = { command: 'hactl apply inventory.yml', width: 80, paint: plainPaint }

const fine = (): EngineEvent[] =>
  run('apply', THREE, [
    ...results(THREE, 'file[/etc/motd]', { status: 'ok' }),
    ...results(['pg1', 'pg2'], 'sysctl[vm.swappiness]', {
      status: 'changed',
      changes: [{ field: 'value', from: 60, to: 1 }],
      impact: 'none',
    }),
  ])

test('a good run ends with one line and the proof', () => {
  const text = applySummary(fine(), {
    ...options,
    pending: 0,
    remarks: ['writes paused 1.8 s while pg1 restarted'],
  })
  expect(text).toBe(
    '✔ 2 changed, 3 in place, 0 failed · second plan empty · 14.2 s · run 7f3c1a\n' +
      '  writes paused 1.8 s while pg1 restarted\n',
  )
})

test('a second plan that is not empty is no success', () => {
  expect(applySummary(fine(), { ...options, pending: 2 })).toMatch(/^✗ .*second plan: 2 pending/)
})

test('a failure names host, task, cause, output, source, the others and how to go on', async () => {
  await expect(applySummary(broken(), options)).toMatchFileSnapshot(golden('apply-failed.txt'))
})

test('an interrupted run says how to go on', async () => {
  const events = run('apply', THREE, results(['pg1'], 'file[/etc/motd]', { status: 'ok' }), {
    outcome: 'interrupted',
  })
  await expect(applySummary(events, options)).toMatchFileSnapshot(golden('apply-interrupted.txt'))
})
