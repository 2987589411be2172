import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseConf, quoteSetting, renderConf } from '../../../../src/modules/postgres/conf-file.ts'
import { overriddenBy, presentValue } from '../../../../src/modules/postgres/config-state.ts'
import type { Setting } from '../../../../src/modules/postgres/server.ts'
import { parseBool, sameValue, settingText } from '../../../../src/modules/postgres/values.ts'
import type { ValueKind } from '../../../../src/modules/postgres/values.ts'

const kind = (vartype: ValueKind['vartype'], unit: string | null = null): ValueKind => ({ vartype, unit })

test.each([
  ['4MB', '4096kB', kind('integer', 'kB'), true],
  ['4MB', '4096', kind('integer', 'kB'), true],
  ['4MB', '4097kB', kind('integer', 'kB'), false],
  ['128MB', '16384', kind('integer', '8kB'), true],
  ['80MB', '5', kind('integer', '16MB'), true],
  ['1GB', '1024', kind('integer', 'MB'), true],
  ['1min', '60000', kind('integer', 'ms'), true],
  ['60s', '1min', kind('integer', 'ms'), true],
  ['5min', '300', kind('integer', 's'), true],
  ['1d', '1440', kind('integer', 'min'), true],
  ['1.5GB', '1536MB', kind('integer', 'kB'), true],
  ['0777', '511', kind('integer'), true],
  ['0x1F', '31', kind('integer'), true],
  ['1kb', '1', kind('integer', 'kB'), false],
  ['0.5', '.5', kind('real'), true],
  ['20ms', '0.02s', kind('real', 'ms'), true],
  ['1e-2', '0.01', kind('real'), true],
  ['on', 'TRUE', kind('bool'), true],
  ['yes', '1', kind('bool'), true],
  ['off', 'f', kind('bool'), true],
  ['on', 'off', kind('bool'), false],
  ['Replica', 'replica', kind('enum'), true],
  ['hot_standby', 'replica', kind('enum'), true],
  ['true', 'on', kind('enum'), true],
  ['logical', 'replica', kind('enum'), false],
  ['a,b', 'a, b', kind('string'), true],
  ['A', 'a', kind('string'), false],
  ['4MB', '4096kB', undefined, true],
  ['on', 'true', undefined, true],
  ['1s', '1000ms', undefined, true],
  ['1', '1MB', undefined, false],
] as const)('%s and %s as %o: %s', (a, b, as, equal) => {
  expect(sameValue(a, b, as)).toBe(equal)
  expect(sameValue(b, a, as)).toBe(equal)
})

test('booleans as the server reads them', () => {
  expect(['t', 'Y', 'on', '1'].map(parseBool)).toEqual([true, true, true, true])
  expect(['f', 'NO', 'of', '0'].map(parseBool)).toEqual([false, false, false, false])
  expect(['o', '', 'maybe', '2'].map(parseBool)).toEqual([undefined, undefined, undefined, undefined])
  expect([true, false, 5, 'x'].map(settingText)).toEqual(['on', 'off', '5', 'x'])
})

test('a configuration file: forms of a line, comments, includes, mistakes', () => {
  const file = parseConf(
    [
      '# comment',
      'port = 5432 # why',
      "Log_Line_Prefix '%m it''s \\'x\\' \\101'",
      "include_dir 'conf.d'",
      "include_if_exists = 'hactl.conf'",
      'auto_explain.log_min_duration=1s',
      "broken = 'open",
      'work_mem = 4MB',
      'work_mem = 8MB',
    ].join('\n'),
  )
  expect(file.lines).toEqual([
    { name: 'port', value: '5432', line: 2 },
    { name: 'log_line_prefix', value: "%m it's 'x' A", line: 3 },
    { name: 'auto_explain.log_min_duration', value: '1s', line: 6 },
    { name: 'work_mem', value: '4MB', line: 8 },
    { name: 'work_mem', value: '8MB', line: 9 },
  ])
  expect(file.broken).toEqual([7])
  expect(file.includes).toEqual([
    { kind: 'include_dir', path: 'conf.d' },
    { kind: 'include_if_exists', path: 'hactl.conf' },
  ])
})

test('every value survives writing and reading', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b', "'", '"', '\\', '#', '=', ',', ' ', '1', '%', '\n', '$') }),
      (value) => {
        expect(parseConf(`x = ${quoteSetting(value)}`).lines[0]?.value).toBe(value)
      },
    ),
  )
})

test('the written file is sorted and says whose it is', () => {
  expect(renderConf({ work_mem: '8MB', archive_command: "cp '%p' /x/%f", hot_standby: 'on' })).toBe(
    '# Written by hactl from the inventory: changes here are undone by the next apply.\n' +
      "archive_command = 'cp ''%p'' /x/%f'\nhot_standby = on\nwork_mem = 8MB\n",
  )
})

const row = (more: Partial<Setting>): Setting => ({
  name: 'work_mem',
  setting: '4096',
  unit: 'kB',
  vartype: 'integer',
  context: 'user',
  source: 'configuration file',
  sourcefile: '/d/hactl.conf',
  sourceline: 2,
  pendingRestart: false,
  ...more,
})

describe('what is shown for a setting wanted as 8MB', () => {
  const own = '/d/hactl.conf'
  const last = { value: '8MB', file: own, line: 2 }
  const base = { wanted: '8MB', inFile: '8MB', row: row({ setting: '8192' }), last, ownConf: own }

  test.each([
    ['in force', base, '8MB'],
    ['in force in another spelling', { ...base, inFile: '8192kB' }, '8MB'],
    ['not written', { ...base, inFile: undefined }, '8192kB (configuration file)'],
    ['not written, no server', { ...base, inFile: undefined, row: undefined, last: undefined }, 'not set'],
    ['another in the file', { ...base, inFile: '9MB' }, '9MB'],
    ['written, not loaded', { ...base, row: row({}) }, '4096kB (not reloaded)'],
    ['waits for a restart', { ...base, row: row({ pendingRestart: true }) }, '8MB'],
    ['fixed on the command line', { ...base, row: row({ source: 'command line' }) }, '8MB'],
    [
      'overridden',
      { ...base, row: row({}), last: { value: '4MB', file: '/d/z.conf', line: 7 } },
      '4MB (/d/z.conf:7)',
    ],
    ['overridden with the same', { ...base, last: { value: '8192kB', file: '/d/z.conf', line: 7 } }, '8MB'],
    [
      'altered',
      { ...base, row: row({}), last: { value: '4MB', file: '/d/postgresql.auto.conf', line: 3 } },
      '8MB',
    ],
  ])('%s', (_, situation, shown) => {
    expect(presentValue(situation)).toBe(shown)
  })

  test('only another file with another value overrides', () => {
    expect(overriddenBy(base)).toBeUndefined()
    expect(overriddenBy({ ...base, last: { value: '4MB', file: '/d/z.conf', line: 7 } })?.file).toBe(
      '/d/z.conf',
    )
    expect(
      overriddenBy({ ...base, last: { value: '4MB', file: '/d/postgresql.auto.conf', line: 7 } }),
    ).toBeUndefined()
  })
})
