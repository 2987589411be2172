import { expect, test } from 'vitest'
import { ledgerReader, parseLedger } from '../../../../src/cluster/drill/ledger.ts'
import { parseSnapshot } from '../../../../src/cluster/drill/tables.ts'
import { compare, diverge, isCorrupt } from '../../../../src/cluster/drill/verdict.ts'
import { ledgerOf, ledgerText, snapshot } from './support.ts'

const ack = { result: 'ack' } as const

test('a ledger read in pieces is the ledger read at once, without the line that is being written', () => {
  const text = `${ledgerText([
    { id: 1, ...ack },
    { id: 2, result: 'silent', error: 'timeout' },
  ])}c w1 12.5 A -\nr reader 10.0 11.0 A 2\na 2 ack`
  const reader = ledgerReader()
  for (const character of text) reader.add(character)
  expect(reader.ledger).toEqual(parseLedger(text))
  expect(reader.ledger.writes.get(2)).toMatchObject({ result: 'silent', error: 'timeout' })
  expect(reader.ledger.contacts).toEqual([{ who: 'w1', at: 12.5, server: 'A' }])
  expect(reader.ledger.reads).toEqual([{ reader: 'reader', sentAt: 10, at: 11, server: 'A', newest: 2 }])
})

test('an acknowledged write that is absent is lost, any other that is present is a ghost', () => {
  const ledger = ledgerOf([
    { id: 1, ...ack },
    { id: 2, ...ack },
    { id: 3, result: 'silent', error: 'timeout' },
    { id: 4, result: 'refused', error: '57P01' },
    { id: 5, result: 'warned' },
    { id: 6 },
  ])
  const verdict = compare(ledger, snapshot('pg2', { 1: '0', 3: '0', 5: '0', 6: '0' }))
  expect(verdict.lost.map(({ id }) => id)).toEqual([2])
  expect(verdict).toMatchObject({ from: 'pg2', acknowledged: 2, inDoubt: 3, refused: 1, ghosts: 2 })
  expect(isCorrupt(verdict)).toBe(false)
})

test('what was answered after the tables were read need not be in them', () => {
  const ledger = ledgerOf([
    { id: 1, at: 10, ...ack },
    { id: 2, at: 20, ...ack },
    { id: 3, at: 21, result: 'silent', ms: 500 },
  ])
  expect(compare(ledger, snapshot('pg1', { 1: '0' }), 15).lost).toEqual([])
  expect(compare(ledger, snapshot('pg1', { 1: '0' }), 30).lost.map(({ id }) => id)).toEqual([2])
  expect(compare(ledger, snapshot('pg1', { 1: '0', 2: '0', 3: '0' }), 30)).toMatchObject({
    ghosts: 0,
    impossible: [],
  })
})

test('twice, in part, never sent and miscounted are told apart', () => {
  const ledger = ledgerOf([
    { id: 1, ...ack },
    { id: 2, kind: 'multi', ...ack },
    { id: 3, kind: 'multi', ...ack },
    { id: 4, kind: 'multi', ...ack },
    { id: 5, kind: 'count', worker: 3, ...ack },
  ])
  const verdict = compare(
    ledger,
    snapshot('pg1', { 1: '00', 2: '012', 3: '02', 4: '0122', 5: '0', 9: '0' }, { 0: 0, 3: 2 }),
  )
  expect(verdict).toMatchObject({
    lost: [],
    duplicates: [1, 4],
    partial: [3],
    impossible: [9],
    counters: [{ worker: 3, value: 2, steps: 1 }],
  })
  expect(isCorrupt(verdict)).toBe(true)
})

test('a standby that holds the same does not diverge; one that does not is described', () => {
  const primary = snapshot('pg1', { 1: '0', 2: '012', 3: '0' }, { 0: 4 })
  expect(diverge(primary, snapshot('pg2', { 1: '0', 2: '012', 3: '0' }, { 0: 4 }))).toBeUndefined()
  expect(diverge(primary, snapshot('pg2', { 1: '0', 2: '01', 7: '0' }, { 0: 5 }))).toEqual({
    member: 'pg2',
    missing: [3],
    extra: [7],
    different: ['write 2', 'counter 0'],
  })
})

test('the tables as psql prints them', () => {
  expect(parseSnapshot('pg1', '1:0 2:012|0=3 7=0\n')).toEqual(
    snapshot('pg1', { 1: '0', 2: '012' }, { 0: 3, 7: 0 }),
  )
  expect(parseSnapshot('pg1', '|\n')).toEqual(snapshot('pg1', {}))
})
