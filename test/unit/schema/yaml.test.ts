import { expect, test } from 'vitest'
import { parseYaml } from '../../../src/schema/yaml.ts'
import { listScalars, replaceScalars, toYaml } from '../../../src/schema/yaml-edit.ts'
import { MASK, Secret } from '../../../src/lib/secret.ts'

const at = (text: string, path: readonly (string | number)[], part?: 'key' | 'value'): string => {
  const { line, col, endCol } = parseYaml(text, 'f').where(path, part)
  return `${line}:${col}${endCol === undefined ? '' : `-${endCol}`}`
}

const TEXT = `base: &base { a: 1 }
list:
  - x
  - { y: [1, 22] }
child: { <<: *base, b: 2 }
empty:
`

test('a path is found as the key or as the value', () => {
  expect(at(TEXT, ['list', 1, 'y', 1])).toBe('4:14-16')
  expect(at(TEXT, ['list', 1, 'y'], 'key')).toBe('4:7-8')
  expect(at(TEXT, ['list'])).toBe('2:1-5')
  expect(at(TEXT, ['empty'])).toBe('6:1-6')
})

test('a merged key is found where it is written', () => {
  expect(at(TEXT, ['child', 'a'])).toBe('1:18-19')
})

test('a path that does not exist gives the nearest parent', () => {
  expect(at(TEXT, ['child', 'b', 'deeper'])).toBe('5:21-22')
  expect(at(TEXT, ['nothing'])).toBe('1:1')
})

test('anchors and merge keys become plain data', () => {
  const { data, diagnostics } = parseYaml(TEXT, 'f')
  expect(diagnostics).toEqual([])
  expect(data).toEqual({ base: { a: 1 }, list: ['x', { y: [1, 22] }], child: { a: 1, b: 2 }, empty: null })
})

test('quoted words and numbers are texts for everybody', () => {
  const { data, diagnostics } = parseYaml(`a: "yes"\nb: '0755'\nc: "22:22"\n`, 'f')
  expect(diagnostics).toEqual([])
  expect(data).toEqual({ a: 'yes', b: '0755', c: '22:22' })
})

test.each(['yes', 'No', 'ON', 'off', '0755', '1:30', '-0644'])('the plain scalar %s is refused', (word) => {
  expect(parseYaml(`a: ${word}\n`, 'f').diagnostics).toHaveLength(1)
})

test.each(['true', 'false', '755', 'now', 'offset', '10.0.0.1', '0', '0x1f', '1.5', '~', 'fd00::1'])(
  'the plain scalar %s is not',
  (word) => {
    expect(parseYaml(`a: ${word}\n`, 'f').diagnostics).toEqual([])
  },
)

test('aliases that multiply without end are refused', () => {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`)
  const { data, diagnostics } = parseYaml(`l0: &l0 [x]\n${levels.join('\n')}\n`, 'f')
  expect(data).toBeUndefined()
  expect(diagnostics.map((each) => each.code)).toEqual(['yaml/alias'])
})

test('with texts, every scalar is what is written', () => {
  expect(parseYaml('a: yes\nb: 0755\nc: 1.0\n', 'f', { texts: true })).toMatchObject({
    data: { a: 'yes', b: '0755', c: '1.0' },
    diagnostics: [],
  })
})

test('replacing a scalar keeps comments, order and everything else', () => {
  const text = '# head\nb: 1 # generated\na:\n  c: "x" # mine\n'
  expect(listScalars(text)).toEqual([
    { name: 'b', comment: 'generated' },
    { name: 'a.c', comment: 'mine' },
  ])
  const changed = replaceScalars(text, ({ name }) => (name === 'b' ? 'new: value' : undefined))
  expect(changed).toBe('# head\nb: "new: value" # generated\na:\n  c: "x" # mine\n')
})

test('YAML for people masks secrets', () => {
  expect(toYaml({ a: new Secret('plain'), b: [{ c: new Secret('other') }] })).toBe(
    `a: ${MASK}\nb:\n  - c: ${MASK}\n`,
  )
})

test.each([
  ['7312345678901234567', 'would become 7312345678901234688'],
  ['9007199254740993', 'would become 9007199254740992'],
  ['1e3', 'a text to Ansible and the number 1000'],
  ['1e+3', 'a text to Ansible and the number 1000'],
  ['2e-3', 'a text to Ansible and the number 0.002'],
  ['-.5', 'a text to Ansible and the number -0.5'],
  ['0o17', 'a text to Ansible and the number 15'],
  ['0b11', 'a binary number to Ansible and a text'],
  ['1_000', 'a number to Ansible and a text'],
  ['1_0.5', 'a number to Ansible and a text'],
  ['-0x1F', 'a hexadecimal number to Ansible and a text'],
  ['.inf', 'a special number'],
  ['12:30:15.5', 'base 60'],
  ['2001-12-14 21:59:43', 'a point in time'],
])('%s is refused with both meanings', (text, meaning) => {
  const { diagnostics } = parseYaml(`a: [${text.includes(':') ? '1' : text}]\nb: ${text}\n`, 'f')
  expect(diagnostics.at(-1)?.summary).toContain(meaning)
  expect(diagnostics.at(-1)?.severity).toBe('error')
  expect(diagnostics.at(-1)?.hint).toContain(`quote it: "${text}"`)
  expect(parseYaml(`b: "${text}"\n`, 'f').diagnostics).toEqual([])
})

test.each([
  '0',
  '-5',
  '+5',
  '0x1F',
  '1.5',
  '.5',
  '0.90',
  '1.5e-7',
  '2001-12-14',
  '20.4.1',
  '10.0.0.1',
  '::1',
  'a_1',
  '1e',
  '9007199254740991',
])('%s is the same to Ansible', (text) => expect(parseYaml(`b: ${text}\n`, 'f').diagnostics).toEqual([]))

test('a whole number with a point is warned of: a text shows it without', () => {
  expect(parseYaml('b: 15.0\n', 'f').diagnostics).toMatchObject([
    { severity: 'warning', code: 'yaml/whole-number' },
  ])
})

test.each(['a: {b: x-{{ y }}}', 'a: [x-{{ y }}, 1]', 'a: {{ y }}-x', 'a: {b: "x"{{ y }}}'])(
  '%s says that a template must be quoted',
  (text) => {
    const [found, ...more] = parseYaml(text, 'f').diagnostics
    expect(more).toEqual([])
    expect(found?.code).toBe('yaml/unquoted-template')
    expect(found?.hint).toContain('quote')
  },
)
