import { expect, test } from 'vitest'
import { HactlError } from '../../../src/diag/diagnostic.ts'
import { MAX_NODES, addressesOf, checkLabName, checkNodeNames, defaultNodes } from '../../../src/lab/names.ts'

test('the first nine nodes get .11 to .19 in both networks', () => {
  expect(addressesOf(0)).toEqual(['10.77.0.11', '10.77.1.11'])
  expect(addressesOf(8)).toEqual(['10.77.0.19', '10.77.1.19'])
})

test('further nodes leave .20 to .29 to virtual addresses, and .100 to the client', () => {
  const all = Array.from({ length: MAX_NODES }, (_, index) => Number(addressesOf(index)[0]?.split('.')[3]))
  expect(all.filter((last) => (last >= 20 && last <= 29) || last === 1 || last >= 100)).toEqual([])
  expect(new Set(all).size).toBe(MAX_NODES)
})

test('nodes without names are pg1, pg2, pg3', () => {
  expect(defaultNodes(3)).toEqual(['pg1', 'pg2', 'pg3'])
})

test.each(['lab', 'a', 'two-words', 'x1'])('lab name %s is fine', (name) => {
  expect(checkLabName(name)).toBe(name)
})

test.each(['', 'Lab', '1lab', 'a.b', 'a/b', '-a', 'a b', 'x'.repeat(32), '..'])(
  'lab name "%s" is refused',
  (name) => {
    expect(() => checkLabName(name)).toThrow(HactlError)
  },
)

test.each([
  [['pg1', 'pg1'], 'twice'],
  [[], 'a lab of 0 nodes'],
  [['fourteen-chars'], 'node name "fourteen-chars"'],
  [['pg.1'], 'node name "pg.1"'],
  [['pg-'], 'node name "pg-"'],
])('node names %j are refused', (names) => {
  expect(() => checkNodeNames(names)).toThrow(HactlError)
})

test('a node name of 13 characters still makes an interface name of 15', () => {
  expect(checkNodeNames(['thirteen-char'])).toEqual(['thirteen-char'])
})
