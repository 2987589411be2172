import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  hbaChanges,
  hbaMistake,
  hbaText,
  ownedRules,
  parseHba,
  tokens,
  writeHba,
} from '../../../../src/modules/postgres/hba-rules.ts'

test('rules as data and as text are one line', () => {
  expect(
    hbaText({
      type: 'host',
      database: ['a', 'b c'],
      user: 'all',
      address: '10.0.0.0/8',
      method: 'ldap',
      options: { ldapserver: 'x y', ldaptls: true },
    }),
  ).toBe('host a,"b c" all 10.0.0.0/8 ldap "ldapserver=x y" ldaptls=1')
  expect(hbaText('  local\tall   postgres peer   # why')).toBe('local all postgres peer')
})

test('words: quotes, comments, lists with blanks', () => {
  expect(tokens('host "my db", b "u""x" samenet cert clientcert=verify-full # x')).toEqual([
    'host',
    '"my db",b',
    '"u""x"',
    'samenet',
    'cert',
    'clientcert=verify-full',
  ])
})

test('a file: comments and empty lines do not count, a backslash continues', () => {
  expect(
    parseHba('# c\n\nlocal all all peer\nhost all \\\n all 1.2.3.4/32 \\\n md5\n  # d\nhost a b c reject\n'),
  ).toEqual([
    { rule: 'local all all peer', line: 3 },
    { rule: 'host all all 1.2.3.4/32 md5', line: 4 },
    { rule: 'host a b c reject', line: 8 },
  ])
})

test.each([
  ['host all all 10.0.0.0/24 scram-sha-256', undefined],
  ['host all all 10.0.0.0 255.255.255.0 md5', undefined],
  ['hostssl all all ::1/128 cert', undefined],
  ['local all all peer map=x', undefined],
  ['host all all .example.org gss', undefined],
  ['include_if_exists more.conf', undefined],
  ['hosts all all 10.0.0.0/24 md5', /connection type "hosts"/],
  ['host all', /no user/],
  ['host all all', /no address/],
  ['host all all 10.0.0.1 md5', /no prefix length: write 10.0.0.1\/32/],
  ['host all all 10.0.0.0/24', /no method/],
  ['host all all 10.0.0.0/24 scram', /the method "scram"/],
  ['local all all 10.0.0.0/24 md5', /the method "10.0.0.0\/24"/],
])('%s', (text, mistake) => {
  expect(hbaMistake(text) ?? '').toMatch(mistake ?? /^$/)
})

test('a changed order is a difference, with places', () => {
  const have = parseHba('r1 x\nr2 x\nr3 x\n')
  expect(hbaChanges(have, ['r2 x', 'r1 x', 'r3 x'])).toEqual([
    { kind: 'add', rule: 'r2 x', before: { rule: 'r1 x', line: 1 } },
    { kind: 'remove', rule: 'r2 x', line: 2 },
  ])
  expect(hbaChanges(have, ['r1 x', 'r2 x', 'r3 x', 'r4 x'])).toEqual([
    { kind: 'add', rule: 'r4 x', before: undefined },
  ])
  expect(
    hbaChanges(
      have,
      have.map(({ rule }) => rule),
    ),
  ).toEqual([])
})

test('the changes turn any list into any other', () => {
  const list = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 8 })
  fc.assert(
    fc.property(list, list, (have, want) => {
      const lines = have.map((rule, index) => ({ rule, line: index + 1 }))
      const changes = hbaChanges(lines, want)
      const removed = new Set(changes.flatMap((change) => (change.kind === 'remove' ? [change.line] : [])))
      const result: string[] = []
      for (const { rule, line } of [...lines, { rule: '', line: -1 }]) {
        for (const change of changes) {
          if (change.kind === 'add' && (change.before?.line ?? -1) === line) result.push(change.rule)
        }
        if (line > 0 && !removed.has(line)) result.push(rule)
      }
      expect(result).toEqual(want)
    }),
  )
})

test('a block goes to the top or the bottom, is replaced in place, and leaves the rest alone', () => {
  const file = '# mine\nlocal all all peer\n'
  const top = writeHba(file, ['host a b c reject'], false, true)
  expect(top).toMatch(/^# BEGIN hactl.*\nhost a b c reject\n# END hactl\n# mine\nlocal all all peer\n$/)
  expect(ownedRules(top, false)).toEqual([{ rule: 'host a b c reject', line: 2 }])
  const bottom = writeHba(file, ['host a b c reject'], false, false)
  expect(bottom).toMatch(/^# mine\nlocal all all peer\n# BEGIN hactl.*\nhost a b c reject\n# END hactl\n$/)
  const again = writeHba(bottom, ['x y', 'z y'], false, true)
  expect(ownedRules(again, false).map(({ rule }) => rule)).toEqual(['x y', 'z y'])
  expect(again).toMatch(/^# mine\nlocal all all peer\n# BEGIN/)
  expect(parseHba(writeHba(file, ['x y'], true, true))).toEqual([{ rule: 'x y', line: 2 }])
})
