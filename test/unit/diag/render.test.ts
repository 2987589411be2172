import { expect, test } from 'vitest'
import type { Diagnostic } from '../../../src/diag/diagnostic.ts'
import { problem } from '../../../src/diag/diagnostic.ts'
import { toTerminal } from '../../../src/lib/terminal.ts'
import { diagnosticsJson, renderDiagnostics, sortDiagnostics } from '../../../src/diag/render.ts'

const SOURCE = 'all:\n  hsots:\n    pg1: { password: hunter2, port: x }\n'
const render = (list: readonly Diagnostic[], more = {}): string =>
  renderDiagnostics(list, { source: (file) => (file === 'a.yml' ? SOURCE : undefined), ...more })

const key = problem('inventory/unknown-key', 'unknown key "hsots"', {
  at: { file: 'a.yml', line: 2, col: 3, endCol: 8 },
  hint: 'did you mean "hosts"?',
})
const remote = problem('ssh/command-failed', 'exit code 5', {
  on: { host: 'pg2', task: 'service[x]' },
  at: { file: 'a.yml', line: 1, col: 1 },
  detail: 'stderr: one\ntwo',
})

test('a problem in a file has its place, a frame with carets and its hint', () => {
  expect(render([key])).toBe(
    [
      'a.yml:2:3 error inventory/unknown-key: unknown key "hsots"',
      '   2 |   hsots:',
      '     |   ^^^^^',
      '  hint: did you mean "hosts"?',
      '',
      '1 error.',
      '',
    ].join('\n'),
  )
})

test('a problem on a host names host and task first and the place after the details', () => {
  expect(render([remote])).toBe(
    'pg2 · service[x] error ssh/command-failed: exit code 5\n  stderr: one\n  two\n  from: a.yml:1:1\n\n1 error.\n',
  )
})

test('problems are sorted by file and place, doubles are dropped, and the last line counts', () => {
  const later = problem('x/y', 'later', { at: { file: 'a.yml', line: 10, col: 1 } })
  const warning: Diagnostic = { ...problem('x/z', 'nowhere'), severity: 'warning' }
  expect(sortDiagnostics([warning, later, key, key]).map((each) => each.summary)).toEqual([
    'unknown key "hsots"',
    'later',
    'nowhere',
  ])
  const text = render([warning, later, key, key], { closing: 'Nothing was contacted.' })
  expect(text).toMatch(/\n2 errors, 1 warning\. Nothing was contacted\.\n$/)
})

test('a password that stands in the shown line is not repeated', () => {
  const text = render([problem('x/y', 'bad port', { at: { file: 'a.yml', line: 3, col: 37 } })])
  expect(text).toContain('password: ••••, port')
  expect(text).not.toContain('hunter2')
})

test('known secrets are masked wherever they stand', () => {
  const text = render([problem('x/y', 'cannot use geheim')], {
    mask: (t: string) => t.replaceAll('geheim', '••••'),
  })
  expect(text).toContain('cannot use ••••')
})

test('colour is only added when asked for', () => {
  expect(render([key])).not.toContain('\u001B[')
  expect(toTerminal(render([key], { color: true }))).toContain('\u001B[31m')
})

test('a place beyond the end of the line or file does no harm', () => {
  expect(render([problem('x/y', 'z', { at: { file: 'a.yml', line: 2, col: 99 } })])).toContain('hsots:')
  expect(render([problem('x/y', 'z', { at: { file: 'a.yml', line: 99, col: 1 } })])).toContain('a.yml:99:1')
})

test('the JSON form holds the same in the same order', () => {
  expect(JSON.parse(diagnosticsJson([remote, key]))).toEqual({ diagnostics: [remote, key] })
})
