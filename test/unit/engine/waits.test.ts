import { expect, test } from 'vitest'
import { isSaturated } from '../../../src/engine/load.ts'
import { HARD, patience } from '../../../src/engine/patience.ts'

const QUIET =
  'some avg10=3.10 avg60=2.00 avg300=1.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n'
const BUSY =
  'some avg10=99.71 avg60=99.66 avg300=99.69 total=3686676790\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n'
const STALLED =
  'some avg10=31.00 avg60=2.00 avg300=1.00 total=1\nfull avg10=28.00 avg60=0.00 avg300=0.00 total=0\n'

test('a host is saturated by pressure on its processors, by stalls of its disk, or by load where no pressure is counted', () => {
  expect(isSaturated(`${QUIET}0.40 0.30 0.20 1/200 4711\n`, 2)).toBe(false)
  expect(isSaturated(`${BUSY}0.40 0.30 0.20 1/200 4711\n`, 2)).toBe(true)
  expect(isSaturated(`${QUIET}${STALLED}0.40 0.30 0.20 1/200 4711\n`, 2)).toBe(true)
  expect(isSaturated('12.40 9.30 5.20 13/200 4711\n', 2)).toBe(true)
  expect(isSaturated('12.40 9.30 5.20 13/200 4711\n', 16)).toBe(false)
  expect(isSaturated('', Number.NaN)).toBe(false)
})

const at = (seconds: number, words: string, busy = false) => ({ now: seconds * 1000, words, busy })

test('a wait for what stands still ends at its deadline', () => {
  const judge = patience(0, 60_000)
  expect(judge(at(1, 'no primary'))).toEqual({ isOver: false })
  expect(judge(at(59, 'no primary'))).toEqual({ isOver: false })
  expect(judge(at(60, 'no primary'))).toEqual({ isOver: true })
})

test('on a busy host a wait goes on and says why, and ends at a hard limit', () => {
  const judge = patience(0, 60_000)
  judge(at(1, 'no primary', true))
  expect(judge(at(61, 'no primary', true))).toEqual({ isOver: false, slow: 'busy' })
  expect(judge(at(60 * HARD - 1, 'no primary', true))).toEqual({ isOver: false, slow: 'busy' })
  expect(judge(at(60 * HARD, 'no primary', true))).toEqual({ isOver: true })
})

test('a wait for something that moves goes on; what only swings between two states does not move', () => {
  const moving = patience(0, 60_000)
  for (const second of [1, 20, 40, 55]) moving(at(second, `copied ${second} MB`))
  expect(moving(at(61, 'copied 61 MB'))).toEqual({ isOver: false, slow: 'moving' })
  expect(moving(at(75, 'copied 61 MB'))).toEqual({ isOver: false, slow: 'moving' })
  expect(moving(at(77, 'copied 61 MB'))).toEqual({ isOver: true })
  const swinging = patience(0, 60_000)
  for (const second of [1, 2, 30, 31, 58]) swinging(at(second, second % 2 ? 'starting' : 'stopping'))
  expect(swinging(at(61, 'starting'))).toEqual({ isOver: true })
})
