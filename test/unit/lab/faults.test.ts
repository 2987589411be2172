import { expect, test } from 'vitest'
import { HactlError } from '../../../src/diag/diagnostic.ts'
import { FAULTS, checkFault, describeFault, parseOptions } from '../../../src/lab/faults.ts'
import { ruleset } from '../../../src/lab/nspawn/rules.ts'

const NODES = ['pg1', 'pg2', 'pg3']
const fault = (name: string, nodes: readonly string[], options: Record<string, string> = {}) =>
  checkFault({ fault: name, nodes, options }, NODES)

const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof HactlError) return `${error.diagnostics[0]?.summary} | ${error.diagnostics[0]?.hint}`
    throw error
  }
  return 'accepted'
}

test.each([
  ['cut-pari', ['pg1', 'pg2'], {}, 'there is no fault "cut-pari" | did you mean "cut-pair"?'],
  ['cut', ['pg4'], {}, 'the lab has no node "pg4" | did you mean "pg1"?'],
  ['cut-pair', ['pg1'], {}, 'fault cut-pair does not take 1 nodes | hactl lab break cut-pair NODE NODE'],
  [
    'cut-one-way',
    NODES,
    {},
    'fault cut-one-way does not take 3 nodes | hactl lab break cut-one-way NODE NODE',
  ],
  ['freeze', ['pg1', 'pg1'], {}, 'a node is named twice in "pg1 pg1" | hactl lab break freeze NODE…'],
  ['loss', ['pg1'], { percent: '0' }, '"0" is no percent of loss | percent: 1 to 100'],
  ['loss', ['pg1'], { percent: '101' }, '"101" is no percent of loss | percent: 1 to 100'],
  ['loss', ['pg1'], { percnt: '10' }, 'fault loss has no option "percnt" | did you mean "percent"?'],
  ['freeze', ['pg1'], { x: '1' }, 'fault freeze has no option "x" | fault freeze has no options'],
  ['kill-process', ['pg1'], {}, 'fault kill-process needs "name" | --opt name=…'],
  ['fill-disk', ['pg1'], { path: 'var' }, '"var" is no path of fill-disk | path: folder of the big file'],
  [
    'cut',
    ['pg1'],
    { link: '2' },
    '"2" is no link of cut | link: only this network, 0 or 1; both when left out',
  ],
])('%s %j %j is refused with what to write instead', (name, nodes, options, message) => {
  expect(refusal(() => fault(name, nodes, options))).toBe(message)
})

test('options that are left out get their defaults', () => {
  expect(describeFault(fault('loss', ['pg1']))).toBe('loss pg1 percent=30')
  expect(describeFault(fault('kill-process', ['pg2'], { name: 'postgres' }))).toBe(
    'kill-process pg2 name=postgres signal=KILL',
  )
  expect(describeFault(fault('cut', ['pg1']))).toBe('cut pg1')
})

test('options are read at the first equals sign', () => {
  expect(parseOptions(['path=/a=b', 'x='])).toEqual({ path: '/a=b', x: '' })
  expect(refusal(() => parseOptions(['percent']))).toBe(
    'option "percent" has no value | write it as key=value',
  )
})

test('every fault says what it does', () => {
  expect(FAULTS.filter((kind) => kind.about === '' || kind.nodes === '')).toEqual([])
})

const rules = (...faults: ReturnType<typeof fault>[]): string[] =>
  ruleset(faults, NODES)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.endsWith('drop'))

test('without faults the packet filter is empty, and replaces the one before', () => {
  expect(rules()).toEqual([])
  expect(ruleset([], NODES)).toMatch(
    /^add table bridge hactl\ndelete table bridge hactl\ntable bridge hactl \{/,
  )
})

test('one direction is one rule a network', () => {
  expect(rules(fault('cut-one-way', ['pg1', 'pg2']))).toEqual([
    'iifname "pg1.0" oifname "pg2.0" drop',
    'iifname "pg1.1" oifname "pg2.1" drop',
  ])
})

test('a node cut from its peers without names is cut from all others', () => {
  expect(rules(fault('cut-peers', ['pg2'], { link: '0' }))).toEqual([
    'iifname "pg2.0" oifname "pg1.0" drop',
    'iifname "pg1.0" oifname "pg2.0" drop',
    'iifname "pg2.0" oifname "pg3.0" drop',
    'iifname "pg3.0" oifname "pg2.0" drop',
  ])
})

test('faults add up', () => {
  expect(
    rules(fault('cut', ['pg1'], { link: '1' }), fault('loss', ['pg2'], { link: '0', percent: '5' })),
  ).toEqual([
    'iifname "pg1.1" drop',
    'iifname "pg2.0" numgen random mod 100 < 5 drop',
    'oifname "pg1.1" drop',
    'oifname "pg2.0" numgen random mod 100 < 5 drop',
  ])
})
