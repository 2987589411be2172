import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FAULTS } from '../../../../src/cluster/drill/faults.ts'
import { parseLedger } from '../../../../src/cluster/drill/ledger.ts'
import { parseMark } from '../../../../src/cluster/drill/marks.ts'
import { outageOf } from '../../../../src/cluster/drill/outage.ts'
import { schedule } from '../../../../src/cluster/drill/schedule.ts'
import { readers } from '../../../../src/cluster/drill/staleness.ts'
import { percentile, spread, upperBound } from '../../../../src/cluster/drill/stats.ts'
import { seriesOf, summarize } from '../../../../src/cluster/drill/summary.ts'
import { errorKinds, latencies, longest, overlaps, writeGaps } from '../../../../src/cluster/drill/timing.ts'
import { clashes, parseSample, type Sample } from '../../../../src/cluster/drill/watch.ts'
import { ledgerOf, ledgerText } from './support.ts'

const ack = { result: 'ack' } as const

test('percentiles are values that were measured', () => {
  expect(percentile([5, 1, 3], 0.5)).toBe(3)
  expect(percentile([1, 2, 3, 4], 0.95)).toBe(4)
  expect(percentile([], 0.5)).toBeUndefined()
  expect(spread([1.04, 2, 10])).toEqual({ n: 3, p50: 2, p95: 10, max: 10 })
})

test('no loss in n runs proves little for few, and below 1.5 % for 200', () => {
  expect(upperBound(0, 1)).toBeCloseTo(0.95, 3)
  expect(upperBound(0, 200)).toBeCloseTo(0.0149, 4)
  // Exact limits of the binomial distribution, from a table.
  expect(upperBound(1, 10)).toBeCloseTo(0.394, 3)
  expect(upperBound(3, 3)).toBe(1)
  expect(upperBound(0, 0)).toBe(1)
})

test('the bound falls with every run and rises with every loss', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 200 }), (seen, more) => {
      const runs = seen + more
      expect(upperBound(seen, runs + 1)).toBeLessThanOrEqual(upperBound(seen, runs))
      expect(upperBound(seen + 1, runs + 1)).toBeGreaterThanOrEqual(upperBound(seen, runs + 1))
    }),
  )
})

test('a gap is a pause between acknowledgements, up to the end', () => {
  const ledger = ledgerOf([
    { id: 1, at: 0, ...ack },
    { id: 2, at: 100, ...ack },
    { id: 3, at: 900, result: 'silent' },
    { id: 4, at: 1100, ...ack },
  ])
  expect(writeGaps(ledger, 1200)).toEqual([{ from: 102, to: 1102, ms: 1000 }])
  expect(writeGaps(ledger, 2102).map(({ ms }) => ms)).toEqual([1000, 1000])
  expect(longest(writeGaps(ledger, 1200))?.ms).toBe(1000)
})

test('latencies are split by the fault and the end of the outage', () => {
  const ledger = ledgerOf([
    { id: 1, at: 0, ms: 3, ...ack },
    { id: 2, at: 100, ms: 900, ...ack },
    { id: 3, at: 2000, ms: 4, ...ack },
  ])
  expect(latencies(ledger, 100, 1000)).toMatchObject({
    before: { n: 1, p50: 3 },
    during: { max: 900 },
    after: { p50: 4 },
  })
  expect(latencies(ledger, 0, 0).before).toBeUndefined()
})

test('errors are counted by what was tried', () => {
  const text = `${ledgerText([
    { id: 1, result: 'silent', error: 'timeout' },
    { id: 2, result: 'silent', error: 'timeout' },
    { id: 3, result: 'warned' },
  ])}c w0 5.0 - ECONNREFUSED\ne reader 6.0 57P03\n`
  expect(errorKinds(parseLedger(text))).toEqual({
    'write timeout': 2,
    'write unconfirmed': 1,
    'connect ECONNREFUSED': 1,
    'read 57P03': 1,
  })
})

test('a former primary that still acknowledges is seen', () => {
  const before = [
    { id: 1, at: 0, server: 'A', ...ack },
    { id: 2, at: 50, server: 'A', ...ack },
    { id: 3, at: 100, server: 'B', ...ack },
  ] as const
  expect(overlaps(ledgerOf(before))).toEqual([])
  expect(overlaps(ledgerOf([...before, { id: 4, at: 120, server: 'A', ...ack }]))).toEqual([
    { server: 'A', newer: 'B', writes: [4] },
  ])
})

test('a reader is stale by the oldest acknowledged write it does not see, and may not go back', () => {
  const acks = [1, 2, 3, 4].map((id) => ({ id, at: id * 100, ms: 0, ...ack }))
  const read = (at: number, server: string, newest: number): string =>
    `r reader ${at}.0 ${at + 1}.0 ${server} ${newest}\n`
  const text = ledgerText(acks) + read(450, 'S', 4) + read(460, 'S', 2) + read(470, 'T', 1)
  const [report] = readers(parseLedger(text))
  // The third write was acknowledged 160 ms before the second read, the second one 270 ms before the third.
  expect(report).toMatchObject({
    reads: 3,
    backwards: 1,
    backwardsAcross: 1,
    staleMs: { p50: 160, max: 270 },
  })
})

const sample = (
  host: string,
  at: number,
  state: Sample['state'],
  addresses: readonly string[] = [],
): Sample => ({
  host,
  at,
  state,
  addresses,
  server: host,
})

test('an address that moves is not on two hosts; one that is seen elsewhere between two looks is', () => {
  const vip = ['10.0.0.9']
  const has = ({ addresses }: Sample): boolean => addresses.includes('10.0.0.9')
  const moved = [
    sample('a', 0, 'primary', vip),
    sample('b', 100, 'standby'),
    sample('a', 200, 'standby'),
    sample('b', 150, 'primary', vip),
  ]
  expect(clashes(moved, has)).toEqual([])
  const both = [...moved.slice(0, 2), sample('b', 150, 'primary', vip), sample('a', 200, 'primary', vip)]
  expect(clashes(both, has)).toEqual([{ hosts: ['a', 'b'], from: 150, to: 150 }])
  // Nobody looked for five seconds: that says nothing.
  expect(clashes([...both.slice(0, 3), sample('a', 5000, 'primary', vip)], has)).toEqual([])
})

test('a look is read from what the host printed', () => {
  expect(parseSample('pg1', 5, '127.0.0.1 10.0.0.9 \nf|123\n')).toEqual({
    host: 'pg1',
    at: 5,
    state: 'primary',
    server: '123',
    addresses: ['127.0.0.1', '10.0.0.9'],
  })
  expect(parseSample('pg1', 5, '127.0.0.1 \n').state).toBe('down')
  expect(parseSample('pg1', 5, '127.0.0.1 \nt|9\n').state).toBe('standby')
  expect(parseSample('pg1', 5, undefined).state).toBe('unreachable')
})

const outage = {
  ledger: ledgerOf([
    { id: 1, at: 1000, ms: 0, server: 'A', ...ack },
    { id: 2, at: 6000, ms: 0, server: 'B', ...ack },
    { id: 3, at: 6100, ms: 0, server: 'B', ...ack },
  ]),
  faultAt: 1010,
  until: 9000,
  samples: [sample('a', 900, 'primary', ['v']), sample('b', 5500, 'primary', ['v'])],
  before: 'a',
  after: 'b',
  writer: 'v',
  marks: { detected: { at: 3000, source: 'log' }, decided: { at: 3500, source: 'log' } },
  promoted: { at: 5000, source: 'file' },
}

test('an outage falls into its parts, each with where its end was read', () => {
  const found = outageOf(outage)
  expect(found?.ms).toBe(5000)
  expect(found?.parts.map(({ parts, ms }) => [parts.join('+'), ms])).toEqual([
    ['detect', 1990],
    ['decide', 500],
    ['promote', 1500],
    ['route', 500],
    ['reconnect', 500],
  ])
})

test('parts whose end is not known, or out of order, are told together with the next', () => {
  const late = {
    detected: { at: 3600, source: 'log' },
    decided: { at: 3500, source: 'a clock that is behind' },
  }
  expect(outageOf({ ...outage, marks: late })?.parts.map(({ parts, ms }) => [parts.join('+'), ms])).toEqual([
    ['detect', 2590],
    ['decide+promote', 1400],
    ['route', 500],
    ['reconnect', 500],
  ])
  expect(outageOf({ ...outage, faultAt: 6050, until: 6200 })).toBeUndefined()
})

test('a line of a log from after the promotion does not tell what led to it', () => {
  const found = outageOf({ ...outage, marks: { detected: { at: 5200, source: 'another failure' } } })
  expect(found?.parts.map(({ parts, ms }) => [parts.join('+'), ms])).toEqual([
    ['detect+decide+promote', 3990],
    ['route', 500],
    ['reconnect', 500],
  ])
})

test('writes that never come back are an outage up to the end, without parts', () => {
  const ledger = ledgerOf([{ id: 1, at: 1000, ms: 0, ...ack }])
  const found = outageOf({ ...outage, ledger, after: 'a', until: 61_000 })
  expect(found).toMatchObject({ ms: 60_000, parts: [] })
})

test('a line of the journal gives its time, where it came from and its text', () => {
  expect(parseMark('1795184357.012700 pg1 pacemaker-controld[812]: notice: Our peer is lost')).toEqual({
    at: 1_795_184_357_013,
    identifier: 'pacemaker-controld',
    text: 'notice: Our peer is lost',
  })
  expect(parseMark('-- No entries --')).toBeUndefined()
})

test('a schedule is the same for the same seed, and another for another', () => {
  const names = FAULTS.map(({ name }) => name)
  const first = (seed: number) => {
    const entries = schedule(seed, names)
    return Array.from({ length: 50 }, () => entries.next().value)
  }
  expect(first(1)).toEqual(first(1))
  expect(first(1)).not.toEqual(first(2))
  expect(new Set(first(1).map(({ scenario }) => scenario)).size).toBeGreaterThan(5)
})

test('writes are counted in steps of time', () => {
  const ledger = ledgerOf([
    { id: 1, at: 0, ...ack },
    { id: 2, at: 50, ...ack },
    { id: 3, at: 150, result: 'silent', ms: 20 },
  ])
  expect(seriesOf(ledger, 0, 250)).toEqual({
    from: 0,
    stepMs: 100,
    acknowledged: [2, 0, 0],
    failed: [0, 1, 0],
  })
})

test('nothing that ran proves nothing', () => {
  expect(summarize([])).toMatchObject({ passed: false, loss: { runs: 0, withLoss: 0, atMost: 1 } })
})
