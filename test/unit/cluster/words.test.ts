import { expect, test } from 'vitest'
import { formatConninfo, parseConninfo, passfileLine } from '../../../src/cluster/conninfo.ts'
import { formatLsn, laterLsn, lsnDistance, parseLsn } from '../../../src/cluster/lsn.ts'
import type { Lsn } from '../../../src/cluster/lsn.ts'
import { historyFileName, lineage, parseHistory, timelineOfWalFile } from '../../../src/cluster/timeline.ts'

const lsn = (text: string): Lsn => {
  const value = parseLsn(text)
  if (value === undefined) throw new Error(`${text} is no LSN`)
  return value
}

test('an LSN is 64 bits in two halves', () => {
  expect(lsn('16/B374D848')).toBe(0x16b374d848n)
  expect(formatLsn(lsn('00000016/0B374D84'))).toBe('16/B374D84')
  expect(formatLsn(lsn('0/0'))).toBe('0/0')
  expect(formatLsn(lsn('ffffffff/ffffffff'))).toBe('FFFFFFFF/FFFFFFFF')
  expect(lsnDistance(lsn('0/FFFFFFFF'), lsn('1/0'))).toBe(1)
  expect(lsnDistance(lsn('1/0'), lsn('0/FFFFFFFF'))).toBe(-1)
})

test.each(['', '0', '0/', '/0', '0/123456789', '0/G', '1/2/3', 'lsn'])('%j is no LSN', (text) => {
  expect(parseLsn(text)).toBeUndefined()
})

test('the later of receive and replay counts; either may be missing', () => {
  expect(laterLsn(lsn('0/10'), lsn('0/20'))).toBe(0x20n)
  expect(laterLsn(lsn('0/20'), lsn('0/10'))).toBe(0x20n)
  expect(laterLsn(undefined, lsn('0/10'))).toBe(0x10n)
  expect(laterLsn(lsn('0/10'), undefined)).toBe(0x10n)
  expect(laterLsn(undefined, undefined)).toBeUndefined()
})

const HISTORY = '1\t0/3000060\tno recovery target specified\n\n2\t0/5000098\tno recovery target specified\n'

test('a timeline history names the end of each parent', () => {
  expect(parseHistory(HISTORY)).toEqual([
    { timeline: 1, end: 0x3000060n, reason: 'no recovery target specified' },
    { timeline: 2, end: 0x5000098n, reason: 'no recovery target specified' },
  ])
  expect(parseHistory('# comment\n\n')).toEqual([])
})

test.each([
  [3, '0/9000000', 'follows'],
  [2, '0/5000098', 'follows'],
  [2, '0/5000099', 'diverged'],
  [1, '0/3000000', 'follows'],
  [1, '0/3000061', 'diverged'],
  [4, '0/1', 'foreign-timeline'],
] as const)('a server on timeline %i at %s against a primary on 3: %s', (timeline, at, kind) => {
  expect(lineage({ timeline, lsn: lsn(at) }, 3, parseHistory(HISTORY)).kind).toBe(kind)
})

test('a divergence says where and by how much', () => {
  expect(lineage({ timeline: 1, lsn: lsn('0/3000100') }, 3, parseHistory(HISTORY))).toEqual({
    kind: 'diverged',
    forkedAt: 0x3000060n,
    by: 0xa0,
  })
})

test('names of WAL and history files', () => {
  expect(timelineOfWalFile('0000001A0000000000000003')).toBe(26)
  expect(timelineOfWalFile('0000001A.history')).toBeUndefined()
  expect(historyFileName(26)).toBe('0000001A.history')
})

test.each([
  [{ host: 'pg1', port: 5432, application_name: 'pg2' }, 'host=pg1 port=5432 application_name=pg2'],
  [{ options: '-c a=b' }, "options='-c a=b'"],
  [{ password: "it's \\ x", host: undefined }, String.raw`password='it\'s \\ x'`],
  [{ password: '' }, "password=''"],
])('connection string %#', (parts, text) => {
  expect(formatConninfo(parts)).toBe(text)
  const given = Object.entries(parts).filter(([, value]) => value !== undefined)
  expect(parseConninfo(text)).toEqual(Object.fromEntries(given.map(([key, value]) => [key, String(value)])))
})

test('connection strings as other tools write them', () => {
  expect(parseConninfo("  host = 'a b'  USER=x\\ y ")).toEqual({ host: 'a b', user: 'x y' })
  expect(parseConninfo('')).toEqual({})
  expect(parseConninfo("host='open")).toBeUndefined()
  expect(parseConninfo('host')).toBeUndefined()
})

test('a passfile line escapes colons and backslashes', () => {
  expect(passfileLine({ host: '::1', user: 'u', password: 'a:b\\c' })).toBe(String.raw`\:\:1:*:*:u:a\:b\\c`)
  expect(passfileLine({ host: 'h', port: 5433, database: 'd', user: 'u', password: 'p' })).toBe(
    'h:5433:d:u:p',
  )
})
