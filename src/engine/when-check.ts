import { problem, type Diagnostic, type Span } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import { TESTS, type Test } from './when.ts'

type Path = readonly (string | number)[]
type At = (path: Path, part?: 'key' | 'value') => Span

const GROUPS = ['all', 'any', 'not'] as const
const SUBJECTS = ['var', 'fact'] as const
const KEYS = [...SUBJECTS, ...TESTS.keys(), ...GROUPS]

/** Words of other tools for the tests of a condition. */
const FOREIGN: Readonly<Record<string, string>> = {
  equals: 'is',
  equal: 'is',
  eq: 'is',
  value: 'is',
  not: 'is_not',
  not_equals: 'is_not',
  ne: 'is_not',
  contains: 'in',
  one_of: 'in',
  gt: 'gte',
  lt: 'lte',
  min: 'gte',
  max: 'lte',
  exists: 'defined',
  is_defined: 'defined',
  or: 'any',
  and: 'all',
  variable: 'var',
  name: 'var',
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isWritten = (value: unknown): boolean => typeof value === 'string' && value.includes('{{')

const wrong = (at: Span, summary: string, hint: string): Diagnostic =>
  problem('playbook/when', summary, { at, hint })

/** The problems of facts that a condition names and nobody reads; `facts`: those that can be read. */
export function checkFacts(
  value: unknown,
  at: At,
  facts: ReadonlySet<string>,
  path: Path = [],
): readonly Diagnostic[] {
  if (Array.isArray(value))
    return value.flatMap((each, index) => checkFacts(each, at, facts, [...path, index]))
  if (!isMap(value)) return []
  const { fact } = value
  const inner = GROUPS.flatMap((group) => checkFacts(value[group], at, facts, [...path, group]))
  if (typeof fact !== 'string' || facts.has(fact)) return inner
  const close = suggest(fact, facts)
  const hint = close ? `did you mean "${close}"?` : `known: ${[...facts].toSorted().join(', ')}`
  return [
    ...inner,
    problem('playbook/unknown-fact', `no fact called "${fact}"`, { at: at([...path, 'fact']), hint }),
  ]
}

/** Everything that is wrong with a condition as it is written, with its place. */
export function checkPredicate(value: unknown, at: At, path: Path = []): readonly Diagnostic[] {
  if (Array.isArray(value)) return listOf(value, at, path)
  if (typeof value === 'string') return [wrong(at(path), `the condition "${value}" is text`, asData(value))]
  if (!isMap(value)) {
    const hint = 'write { var: NAME, is: VALUE }'
    return [wrong(at(path), `a condition is a map or a list of maps, not ${JSON.stringify(value)}`, hint)]
  }
  const group = GROUPS.find((name) => Object.hasOwn(value, name))
  const subject = SUBJECTS.some((name) => Object.hasOwn(value, name))
  return group !== undefined && !subject ? groupOf(value, group, at, path) : comparisonOf(value, at, path)
}

const listOf = (values: readonly unknown[], at: At, path: Path): readonly Diagnostic[] =>
  values.flatMap((each, index) => checkPredicate(each, at, [...path, index]))

/** A condition of Ansible as data, where it is one of the plain forms. */
function asData(text: string): string {
  const bare = text.replaceAll(/^\s*\{\{\s*|\s*\}\}\s*$/g, '').trim()
  const [, name = '', sign = '', word = ''] = /^([\w.]+)\s*(==|!=)\s*['"]?([\w.-]+)['"]?$/.exec(bare) ?? []
  if (sign !== '') return `write { var: ${name}, ${sign === '==' ? 'is' : 'is_not'}: ${word} }`
  const [, checked = '', not] = /^([\w.]+) is (not )?defined$/.exec(bare) ?? []
  if (checked !== '') return `write { var: ${checked}, defined: ${not === undefined} }`
  const [, denied, alone] = /^(not )?([\w.]+)$/.exec(bare) ?? []
  if (alone !== undefined) return `write { var: ${alone}, is: ${denied === undefined} }`
  return 'write { var: NAME, is: VALUE }; several in a list must all hold, { any: [ … ] } wants one'
}

function groupOf(
  value: Readonly<Record<string, unknown>>,
  group: (typeof GROUPS)[number],
  at: At,
  path: Path,
): readonly Diagnostic[] {
  const others = Object.keys(value).filter((key) => key !== group)
  const extra = others.map((key) =>
    wrong(
      at([...path, key], 'key'),
      `"${key}" stands beside "${group}"`,
      `put it into a condition of its own`,
    ),
  )
  const inner = value[group]
  if (group !== 'not' && !Array.isArray(inner)) {
    const hint = `write ${group}: [{ var: NAME, is: VALUE }, …]`
    return [...extra, wrong(at([...path, group]), `"${group}" must be a list of conditions`, hint)]
  }
  return [...extra, ...checkPredicate(inner, at, [...path, group])]
}

function comparisonOf(value: Readonly<Record<string, unknown>>, at: At, path: Path): readonly Diagnostic[] {
  const unknown = Object.keys(value)
    .filter((key) => !KEYS.includes(key) || key === 'all' || key === 'any' || key === 'not')
    .map((key) => unknownWord(key, at([...path, key], 'key')))
  if (unknown.length > 0) return unknown
  const subjects = SUBJECTS.filter((name) => Object.hasOwn(value, name))
  const tests = Object.entries(value).filter(([key]) => TESTS.has(key))
  const place = at(path)
  if (subjects.length !== 1) {
    const summary = subjects.length === 0 ? 'a condition without a subject' : 'a condition with two subjects'
    return [wrong(place, summary, 'write either var: NAME or fact: NAME')]
  }
  const [subject = 'var'] = subjects
  if (typeof value[subject] !== 'string' || value[subject] === '') {
    return [wrong(at([...path, subject]), `"${subject}" must be a name`, `write ${subject}: NAME`)]
  }
  if (tests.length === 0) {
    const hint = `add is: true; tests: ${[...TESTS.keys()].join(', ')}`
    return [wrong(place, `"${value[subject]}" is compared with nothing`, hint)]
  }
  return tests.flatMap(([key, wanted]) => {
    const need = isWritten(wanted) ? undefined : (TESTS.get(key) as Test).wants(wanted)
    return need === undefined
      ? []
      : [wrong(at([...path, key]), `"${key}" must be ${need}`, `write ${key}: ${example(key)}`)]
  })
}

const example = (key: string): string =>
  key === 'in' ? '[a, b]' : key === 'defined' ? 'true' : key === 'matches' ? "'^text'" : '5'

function unknownWord(key: string, at: Span): Diagnostic {
  const ours = Object.hasOwn(FOREIGN, key) ? FOREIGN[key] : suggest(key, KEYS)
  const hint = ours ? `did you mean "${ours}"?` : `words of a condition: ${KEYS.join(', ')}`
  return wrong(at, `unknown word "${key}" in a condition`, hint)
}
