import { join } from 'node:path'
import { expect, test } from 'vitest'
import { plainPaint } from '../../../src/report/paint.ts'
import { planText } from '../../../src/report/plan-text.ts'
import { planEvents, results, run, THREE } from './events.ts'

const golden = (name: string): string => join(import.meta.dirname, 'golden', name)
const options = {
  title: 'pgcluster · pacemaker',
  apply: 'hactl apply inventory.yml',
  width: 80,
  paint: plainPaint,
}

test('a plan groups what is the same on several hosts and names the impact', async () => {
  await expect(planText(planEvents(), options)).toMatchFileSnapshot(golden('plan.txt'))
})

test('--diff adds unified diffs of file contents', async () => {
  await expect(planText(planEvents(), { ...options, diff: true })).toMatchFileSnapshot(
    golden('plan-diff.txt'),
  )
})

test('a plan keeps to 80 columns', () => {
  const wide = planText(planEvents(), options)
    .split('\n')
    .filter((line) => line.length > 80)
  expect(wide).toEqual([])
})

test('nothing to do is one line', () => {
  const events = run('plan', THREE, results(THREE, 'file[/etc/motd]', { status: 'ok' }))
  expect(planText(events, { ...options, title: 'pgcluster' })).toBe(
    'pgcluster · 3 hosts read in 0.3 s · in place: 3 · nothing to change\n',
  )
})

test('a plan that could not be completed names the failure and gives no apply command', async () => {
  const events = run('plan', THREE, [
    {
      kind: 'host-unreachable',
      host: 'pg3',
      error: {
        severity: 'error',
        code: 'ssh/unreachable',
        summary: 'no answer from 10.77.0.13 port 22 within 10 s',
        hint: 'is it on? ping 10.77.0.13',
      },
    },
    ...results(['pg1', 'pg2'], 'sysctl[vm.swappiness]', {
      status: 'changed',
      changes: [{ field: 'value', from: 60, to: 1 }],
      impact: 'none',
    }),
  ])
  const text = planText(events, options)
  expect(text).not.toContain('Apply with')
  await expect(text).toMatchFileSnapshot(golden('plan-unreachable.txt'))
})

test('values that are too long for a line stand one above the other', async () => {
  const events = run(
    'plan',
    ['pg1'],
    [
      ...results(['pg1'], 'postgres_config[15/main]', {
        status: 'changed',
        changes: [
          {
            field: 'settings.archive_command',
            from: 'test ! -f /var/lib/archive/%f && cp %p /var/lib/archive/%f',
            to: 'pgbackrest --stanza=main --log-level-console=info archive-push %p',
          },
          { field: 'settings.log_line_prefix', from: null, to: '%m [%p] %q%u@%d ' },
        ],
        impact: 'reload',
      }),
    ],
  )
  await expect(planText(events, options)).toMatchFileSnapshot(golden('plan-long-values.txt'))
})

test('a command that has not run yet happens; its state is not spelled out', () => {
  const change = { field: 'done', from: false, to: true }
  const events = run(
    'plan',
    ['pg1'],
    [...results(['pg1'], 'command[make it]', { status: 'changed', changes: [change], impact: 'none' })],
  )
  expect(planText(events, options)).toContain('  > command[make it]  command[make it] is as wanted')
})
