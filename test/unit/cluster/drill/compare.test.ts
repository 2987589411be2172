import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readResult } from '../../../../src/cli/report-files.ts'
import { compareResults } from '../../../../src/cluster/drill/compare.ts'
import { differences, disagreements, merge, twice } from '../../../../src/cluster/drill/merge.ts'
import type { DrillResult, RunResult } from '../../../../src/cluster/drill/result.ts'
import { summarize } from '../../../../src/cluster/drill/summary.ts'
import { HactlError } from '../../../../src/diag/diagnostic.ts'
import { comparePage } from '../../../../src/report/drill/compare-page.ts'
import { compareText } from '../../../../src/report/drill/compare-text.ts'
import { resultText } from '../../../../src/report/drill/result-text.ts'
import { plainPaint } from '../../../../src/report/paint.ts'

const CAPTURED = join(import.meta.dirname, 'captured')
const read = (name: string): DrillResult =>
  JSON.parse(readFileSync(join(CAPTURED, name), 'utf8')) as DrillResult
const three = read('three-runs.json')
const two = read('two-drills.json')

const dir = mkdtempSync(join(tmpdir(), 'hactl-report-'))
afterAll(() => rmSync(dir, { recursive: true }))

function save(name: string, data: unknown): string {
  const file = join(dir, name)
  writeFileSync(file, typeof data === 'string' ? data : JSON.stringify(data))
  return file
}

/** A result with runs of one scenario, each with an outage of so many milliseconds. */
function resultOf(
  outages: readonly number[],
  change: (run: RunResult, at: number) => Partial<RunResult> = () => ({}),
): DrillResult {
  const [run] = three.runs
  if (!run?.outage) throw new Error('no run with an outage')
  const { outage } = run
  const runs = outages.map((ms, at) => {
    const made = { ...run, run: at + 1, outage: { ...outage, ms, to: outage.from + ms, parts: [] } }
    return { ...made, ...change(made, at) }
  })
  return { ...three, ...summarize(runs) }
}

const losing = (run: RunResult): Partial<RunResult> => {
  const lost = { id: 1, kind: 'row' as const, worker: 0, sentAt: 1, server: 'A', answeredAt: 2 }
  return { verdicts: { rejoin: { ...run.verdicts.rejoin!, lost: [lost] } } }
}

test('a merged result has the runs of all, counted anew by scenario, and is a result itself', () => {
  const other = { ...three, drill: 'ffffff', at: '2026-11-19T10:00:00.000Z' }
  const merged = merge([three, other])
  expect(merged.drill).toBe('ffffff')
  expect(merged.merged?.map(({ drill }) => drill)).toEqual(['ffffff', three.drill])
  expect(merged.runs.map(({ scenario, run, drill }) => [scenario, run, drill])).toEqual([
    ['kill-postgres', 1, 'ffffff'],
    ['power-off', 1, 'ffffff'],
    ['cut-primary-from-peers', 1, 'ffffff'],
    ['kill-postgres', 2, three.drill],
    ['power-off', 2, three.drill],
    ['cut-primary-from-peers', 2, three.drill],
  ])
  expect(merged.loss).toMatchObject({ runs: 6, withLoss: 0 })
  expect(merged.scenarios.map(({ runs }) => runs)).toEqual([2, 2, 2])
  expect(readResult(save('merged.json', merged))).toEqual(merged)
  const again = merge([merged, two])
  expect(again.merged).toHaveLength(4)
  expect(readResult(save('again.json', again)).runs).toHaveLength(8)
})

test('a drill that was cut short makes a merged result one that did not pass', () => {
  const good = resultOf([1000])
  expect(merge([good, { ...good, drill: 'b' }]).passed).toBe(true)
  const short = merge([good, { ...good, drill: 'b', passed: false, stopped: 'pg1 is gone' }])
  expect(short).toMatchObject({ passed: false, stopped: 'b: pg1 is gone' })
  expect(readResult(save('short.json', short)).stopped).toBe('b: pg1 is gone')
})

test('a result is written with a time line on one line, and nothing of it is changed', () => {
  const text = resultText(two)
  expect(JSON.parse(text)).toEqual(two)
  expect(text).toMatch(/"acknowledged": \[\d+(,\d+)+\],\n/)
  const odd = { ...two, by: '[\n 1,\n 2\n]', runs: [], command: ['1', '2'] }
  expect(JSON.parse(resultText(odd))).toEqual(odd)
})

test('a drill that is in two results is named', () => {
  expect(twice([three, two])).toEqual([])
  expect(twice([merge([three, two]), three])).toEqual([three.drill])
})

test('what numbers depend on is compared: the cluster, its settings, the clients', () => {
  const other = {
    ...two,
    merged: two.merged!.map((origin) => ({
      ...origin,
      cluster: 'other',
      clients: { ...origin.clients, rate: 50 },
      settings: { ...origin.settings, postgres: { ...origin.settings.postgres, wal_sender_timeout: '1min' } },
    })),
  }
  expect(differences(two, two)).toEqual([])
  expect(differences(two, other).map(({ what }) => what)).toEqual([
    'cluster',
    'writes a second',
    'PostgreSQL setting wal_sender_timeout',
  ])
  // However many results there are: one for each thing, and what one does not know counts for nothing.
  expect(disagreements([two, other, two, other])[0]).toEqual({
    what: 'cluster',
    values: [
      { value: 'labcluster', results: [0, 2] },
      { value: 'other', results: [1, 3] },
    ],
  })
})

test('an outage is worse only beyond both limits of the threshold', () => {
  const verdict = (a: number, b: number, threshold?: Parameters<typeof compareResults>[2]) =>
    compareResults(resultOf([a]), resultOf([b]), threshold).scenarios[0]?.p50.verdict
  expect(verdict(1000, 1400)).toBe('alike')
  expect(verdict(1000, 1600)).toBe('worse')
  expect(verdict(1600, 1000)).toBe('better')
  expect(verdict(10_000, 11_900)).toBe('alike')
  expect(verdict(10_000, 12_100)).toBe('worse')
  expect(verdict(1000, 1300, { share: 0.2 })).toBe('worse')
  expect(verdict(10_000, 10_600, { ms: 500 })).toBe('worse')
  expect(verdict(0, 400, { ms: 500 })).toBe('alike')
})

test('a p95 alone makes a regression, and few runs are said to be few', () => {
  const found = compareResults(resultOf([1000, 1000, 1000]), resultOf([1000, 1000, 9000]))
  expect(found.regressions).toEqual(['kill-postgres: p95 without writes 1.0 s → 9.0 s'])
  expect(found.scenarios[0]?.notes).toEqual(['few runs (3, 3): the difference may be chance'])
  const many = resultOf(Array.from({ length: 20 }, () => 1000))
  expect(compareResults(many, many)).toMatchObject({ regressions: [], scenarios: [{ notes: [] }] })
})

test('a new lost write and a new failed run are regressions; more runs alone are not', () => {
  const good = resultOf([1000, 1000])
  const lossy = resultOf([1000, 1000], (run, at) => (at === 0 ? losing(run) : {}))
  expect(compareResults(good, lossy).regressions).toEqual(['kill-postgres: lost writes 0 → 1'])
  expect(compareResults(lossy, good).regressions).toEqual([])
  const twiceAsMany = resultOf([1000, 1000, 1000, 1000], (run, at) => (at < 2 ? losing(run) : {}))
  expect(compareResults(lossy, twiceAsMany).regressions).toEqual([])
  const failing = resultOf([1000, 1000], (_, at) => ({ passed: at === 0 }))
  expect(compareResults(good, failing).regressions).toEqual(['kill-postgres: failed runs 0 → 1'])
})

test('a loss in a scenario that only the second result has is new as well', () => {
  const found = compareResults({ ...three, ...summarize([]) }, resultOf([1000], losing))
  expect(found.regressions).toEqual(['kill-postgres: lost writes 0 → 1'])
  expect(found.scenarios[0]?.notes).toEqual(['only in B'])
})

test('the comparison as text and as a page', () => {
  const [a, b] = [resultOf([1000, 1000]), { ...resultOf([1000, 9000]), mode: 'async' as const }]
  const found = compareResults(a, b)
  expect(compareText(found, ['a.json', 'b.json'], { width: 100, paint: plainPaint }).split('\n')).toEqual([
    'A  a.json',
    'B  b.json',
    '',
    '               runs  failed  lost  no writes for, p50  p95',
    'kill-postgres  2     0       0     1.0 s               1.0 s → 9.0 s ✗',
    '  kill-postgres: few runs (2, 2): the difference may be chance',
    'differs  replication: A sync, B async',
    '',
    '✗ kill-postgres: p95 without writes 1.0 s → 9.0 s',
    '1 thing is worse. Threshold of outages: 20 % and 0.5 s.',
    '',
  ])
  const page = comparePage(a, { ...b, cluster: '<img>' }, found)
  expect(page).toContain("script-src 'none'")
  expect(page).not.toContain('<img')
  expect(page).toMatch(/1\.0 s → 9\.0 s ✗/)
})

test.each([
  ['nothing there', join(dir, 'missing.json'), 'report/unreadable'],
  ['no JSON', save('text.json', 'Lost: 0'), 'report/no-json'],
  ['something else', save('other.json', { name: 'hactl' }), 'report/no-result'],
  ['another format', save('newer.json', { ...three, format: 2 }), 'report/other-format'],
  ['an early result', save('early.json', { ...three, format: undefined }), 'report/other-format'],
  [
    'a broken result',
    save('broken.json', { ...three, runs: [], loss: { runs: 'three' } }),
    'report/wrong-type',
  ],
])('%s is refused with what is wrong', (_, file, code) => {
  expect(() => readResult(file)).toThrow(HactlError)
  expect(() => readResult(file)).toThrow(code)
})

test('a folder of a drill stands for the result in it', () => {
  save('result.json', two)
  expect(readResult(dir).drill).toBe(two.drill)
})
