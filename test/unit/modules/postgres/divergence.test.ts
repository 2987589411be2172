import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parseControlData } from '../../../../src/modules/postgres/controldata.ts'
import type { ControlData } from '../../../../src/modules/postgres/controldata.ts'
import { forkFor, judgeData, lostWords, notRewindable } from '../../../../src/modules/postgres/divergence.ts'
import type { Line } from '../../../../src/modules/postgres/divergence.ts'
import { parseLsn } from '../../../../src/modules/postgres/lsn.ts'
import type { Lsn } from '../../../../src/modules/postgres/lsn.ts'
import { decide } from '../../../../src/modules/postgres/rejoin.ts'
import { parseIdentity } from '../../../../src/modules/postgres/upstream.ts'
import { parseWalPast, walPastArgv } from '../../../../src/modules/postgres/wal-past.ts'
import type { WalPast } from '../../../../src/modules/postgres/wal-past.ts'

// Captured: a primary was promoted away from (timeline 2); the old one went on, then ended without a shutdown.
const captured = (name: string): string => readFileSync(join(import.meta.dirname, 'captured', name), 'utf8')
const CONTROL = parseControlData(captured('pg_controldata-15.18-diverged.txt')) as ControlData
const LINE = parseIdentity(captured('identify_system-15.18-after-fork.txt')) as Line
const FORK = parseLsn('0/3019940') as Lsn
const lsn = (text: string): Lsn => parseLsn(text) as Lsn

const folder = mkdtempSync(join(tmpdir(), 'hactl-wal-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the program as on a host, with a pg_waldump that prints what a real one printed. */
function walPast(dump: string | undefined): WalPast {
  mkdirSync(join(folder, 'data/pg_wal'), { recursive: true })
  mkdirSync(join(folder, 'bin'), { recursive: true })
  rmSync(join(folder, 'bin/pg_waldump'), { force: true })
  if (dump !== undefined) {
    writeFileSync(join(folder, 'dump.txt'), dump)
    writeFileSync(join(folder, 'bin/pg_waldump'), `#!/bin/sh\ncat ${folder}/dump.txt\n`)
    chmodSync(join(folder, 'bin/pg_waldump'), 0o755)
  }
  const place = {
    dataDir: join(folder, 'data'),
    binDir: join(folder, 'bin'),
    server: { socketDir: folder, port: 1 },
  }
  const [file = '', ...args] = walPastArgv(place, 1, FORK, 10)
  return parseWalPast({ stdout: execFileSync(file, args, { encoding: 'utf8' }) }) as WalPast
}

const DUMP = captured('pg_waldump-15.18-past-fork.txt')
const upTo = (word: string): string => DUMP.slice(0, DUMP.indexOf(word))
const judged = (control: Partial<ControlData>, past?: WalPast) =>
  judgeData({ control: { ...CONTROL, ...control }, fresh: false }, LINE, past)

test('WAL past the fork is counted: records, commits with their times, rows of committed transactions only', () => {
  expect(walPast(DUMP)).toEqual({
    from: '0/3019940',
    timeline: 1,
    records: 45,
    commits: 3,
    firstCommit: '2026-12-01 14:26:56.907396',
    lastCommit: '2026-12-01 14:26:58.282065',
    last: lsn('0/3020FC8'),
    end: lsn('0/3020FF0'),
    // Three rows were committed, two of them by one transaction with a savepoint; one was rolled back.
    tables: [{ name: 'database 5, file 16384', rows: 3 }],
  })
})

test('WAL that cannot be read says why', () => {
  const gone =
    'pg_waldump: error: could not find file "000000010000000000000003": No such file or directory\n'
  expect(walPast(gone)).toMatchObject({ records: 0, commits: 0, error: gone.trim() })
  expect(walPast(undefined).error).toBe('pg_waldump is not installed')
})

test('a former primary that went on has diverged, with its commits counted', () => {
  expect(forkFor(CONTROL, LINE)).toBe(FORK)
  const found = judged({}, walPast(DUMP))
  expect(found).toMatchObject({ kind: 'diverged', timeline: 1, fork: FORK, commits: 3, bytes: 0x7688 })
  expect(decide(found, CONTROL)).toEqual({
    action: 'rewind',
    hindrance: 'none',
    lost: '3 commits in more than 30344 bytes of WAL past the fork at 0/3019940 of timeline 1',
  })
})

test('records without a commit past the fork are rewound, and nothing is said to be lost', () => {
  const found = judged({}, walPast(upTo('rmgr: Transaction')))
  expect(found).toMatchObject({ kind: 'diverged', commits: 0 })
  expect(decide(found, CONTROL)).toMatchObject({ action: 'rewind', lost: '' })
})

test('WAL that was read less far than the control file knows of holds an unknown number of commits', () => {
  const later = { lsn: lsn('0/5000060'), reached: lsn('0/5000061') }
  const none = judged(later, walPast(upTo('rmgr: Transaction')))
  expect(none).toMatchObject({ kind: 'diverged', commits: undefined, counted: 0 })
  const some = judged(later, walPast(DUMP))
  expect(some.kind === 'diverged' && lostWords(some)).toBe('at least 3 commits')
  const all = judged(later)
  expect(all.kind === 'diverged' && lostWords(all)).toBe('an unknown number of commits')
  for (const each of [none, some, all]) expect(decide(each, CONTROL).lost).not.toBe('')
})

test('a standby whose minimum recovery point is the fork itself can follow; one byte more and it cannot', () => {
  const at = (reached: bigint) =>
    judged({ state: 'shut down in recovery', lsn: reached as Lsn, reached: reached as Lsn })
  expect(at(FORK)).toEqual({ kind: 'follows' })
  expect(at(FORK + 1n)).toMatchObject({ kind: 'diverged', commits: undefined })
})

test('a checkpoint that begins at the fork is past it', () => {
  expect(judged({ lsn: FORK, reached: (FORK + 1n) as Lsn })).toMatchObject({ kind: 'diverged' })
})

test('the end of recovery may lie within the last record', () => {
  const past = walPast(DUMP)
  const end = { state: 'in archive recovery', lsn: lsn('0/3020FF0'), reached: lsn('0/3020FF0') }
  expect(judged(end, past)).toMatchObject({ commits: 3 })
  expect(judged({ ...end, lsn: lsn('0/3030000'), reached: lsn('0/3030000') }, past)).toMatchObject({
    commits: undefined,
  })
})

test('another cluster, a timeline the primary never had, and a primary of the same timeline are told apart', () => {
  expect(judged({ systemIdentifier: '1' }).kind).toBe('other-cluster')
  expect(judged({ timeline: 7 }).kind).toBe('foreign-timeline')
  expect(judged({ timeline: 2 }).kind).toBe('was-primary')
  expect(judged({ timeline: 2, state: 'in crash recovery' }).kind).toBe('was-primary')
  expect(judged({ timeline: 2, state: 'shut down in recovery' }).kind).toBe('follows')
  const copy = judgeData({ control: { ...CONTROL, timeline: 2 }, fresh: true }, LINE)
  expect(copy.kind).toBe('follows')
  expect(judgeData({ control: undefined, fresh: false }, LINE).kind).toBe('no-data')
  for (const timeline of [7, 2])
    expect(decide(judged({ timeline }), CONTROL).lost).toMatch(/commits of timeline/)
})

test('a rewind needs full pages or hints in the WAL, and a state that it can begin from', () => {
  expect(notRewindable(CONTROL)).toBeUndefined()
  expect(notRewindable({ ...CONTROL, checksums: false, walLogHints: false })).toMatch(/checksums/)
  expect(notRewindable({ ...CONTROL, state: 'in crash recovery' })).toMatch(/in crash recovery/)
  const found = judged({ state: 'starting up' }, walPast(DUMP))
  expect(decide(found, { ...CONTROL, state: 'starting up' })).toMatchObject({ action: 'rebuild' })
})
