import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Host } from '../../../src/inventory/inventory.ts'
import { globToRegex, matchHosts, splitPattern } from '../../../src/inventory/pattern.ts'

const connection = {
  host: '',
  kind: 'ssh',
  address: '',
  become: false,
  becomeUser: 'root',
  connectTimeoutMs: 1,
} as const
const host = (name: string): readonly [string, Host] => [
  name,
  { name, groups: ['all'], vars: {}, connection },
]
const known = {
  hosts: new Map(['pg1', 'pg2', 'pg3', 'web1', 'fd00::1'].map(host)),
  groups: new Map([
    ['all', ['pg1', 'pg2', 'pg3', 'web1', 'fd00::1']],
    ['postgres', ['pg1', 'pg2', 'pg3']],
    ['web', ['web1']],
    ['empty', []],
  ]),
}
const match = (pattern: string): string => matchHosts(known, pattern).hosts.join(' ')

test.each([
  ['all', 'pg1 pg2 pg3 web1 fd00::1'],
  ['*', 'pg1 pg2 pg3 web1 fd00::1'],
  ['pg2', 'pg2'],
  ['pg3:pg1', 'pg3 pg1'],
  ['pg*', 'pg1 pg2 pg3'],
  ['postgres:!pg2', 'pg1 pg3'],
  ['!pg2:postgres', 'pg1 pg3'],
  ['postgres:&pg?:!pg1', 'pg2 pg3'],
  ['!postgres', 'web1 fd00::1'],
  ['postgres[0]', 'pg1'],
  ['postgres[-1]', 'pg3'],
  ['postgres[1:]', 'pg2 pg3'],
  ['postgres[0:1]', 'pg1 pg2'],
  ['pg[!2]', 'pg1 pg3'],
  ['~(pg[12]|web)', 'pg1 pg2 web1'],
  ['pg1, web', 'pg1 web1'],
  ['fd00::1', 'fd00::1'],
])('%s', (pattern, hosts) => {
  expect(match(pattern)).toBe(hosts)
})

test.each([
  ['pg4', 'inventory/unknown-host', 'did you mean "pg1"?'],
  ['postgres:!pgg2', 'inventory/unknown-host', 'did you mean "pg2"?'],
  ['nothing-like-it', 'inventory/unknown-host', 'known names: pg1'],
  ['db*', 'inventory/no-match', 'hosts: pg1'],
  ['postgres[9]', 'inventory/subscript', 'begins at 0'],
  ['empty', 'inventory/no-match', 'hactl inventory'],
  ['pg1:!pg1', 'inventory/no-match', 'hactl inventory'],
  ['~[', 'inventory/pattern', 'write for example'],
])('%s is refused', (pattern, code, hint) => {
  const { diagnostics } = matchHosts(known, pattern)
  expect(diagnostics.map((each) => each.code)).toEqual([code])
  expect(diagnostics[0]?.hint).toContain(hint)
})

test('a diagnostic stands where the pattern is written', () => {
  const at = { file: 'p.yml', line: 3, col: 7 }
  expect(matchHosts(known, 'pg9', at).diagnostics[0]?.at).toEqual(at)
})

test('splitting keeps ranges, regular expressions and IPv6 addresses whole', () => {
  expect(splitPattern('a[0:2]:b')).toEqual(['a[0:2]', 'b'])
  expect(splitPattern('~a:b')).toEqual(['~a:b'])
  expect(splitPattern('a,b[1:2], !c')).toEqual(['a', 'b[1:2]', '!c'])
  expect(splitPattern('fd00::1')).toEqual(['fd00::1'])
})

const part = fc.constantFrom('all', 'pg1', 'pg2', 'pg*', 'postgres', 'web', 'postgres[0]')
test('exclusion always wins, intersection never adds, and no host comes twice', () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), part, part, (plain, out, both) => {
      const base = matchHosts(known, plain).hosts
      const all = matchHosts(known, [...plain, `!${out}`, `&${both}`]).hosts
      const excluded = matchHosts(known, out).hosts
      const allowed = matchHosts(known, both).hosts
      expect(all).toEqual(base.filter((name) => !excluded.includes(name) && allowed.includes(name)))
      expect(new Set(all).size).toBe(all.length)
    }),
  )
})

test('a name without special characters is a glob that matches itself alone', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '.', '-', '+', '(', '1', '^', '$') }),
      fc.string(),
      (name, other) => {
        expect(globToRegex(name).test(name)).toBe(true)
        expect(globToRegex(name).test(other)).toBe(name === other)
      },
    ),
  )
})

test.each(['l[z-a]', 'l[9-1]*', 'all:l[z-a]'])('%s is told to be no pattern', (pattern) => {
  const { diagnostics } = matchHosts(known, pattern)
  expect(diagnostics.map(({ code }) => code)).toEqual(['inventory/pattern'])
})

test('an index from the end that goes beyond the first host names none', () => {
  expect(matchHosts(known, 'all[-5]').hosts).toEqual(['pg1'])
  const { hosts, diagnostics } = matchHosts(known, 'all[-9]')
  expect(hosts).toEqual([])
  expect(diagnostics.map(({ code }) => code)).toEqual(['inventory/subscript'])
})
