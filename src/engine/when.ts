import { isDeepStrictEqual } from 'node:util'
import { HactlError, problem } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'

/** A condition as data; `var` looks in the task's variables, `fact` reads the host. A list means all. */
export type Predicate =
  | readonly Predicate[]
  | { readonly all: readonly Predicate[] }
  | { readonly any: readonly Predicate[] }
  | { readonly not: Predicate }
  | Comparison

export interface Comparison {
  readonly var?: string
  readonly fact?: string
  readonly is?: unknown
  readonly is_not?: unknown
  readonly in?: readonly unknown[]
  readonly gte?: number
  readonly lte?: number
  readonly matches?: string
  readonly defined?: boolean
}

export interface Lookup {
  /** Undefined when the variable does not exist and `mayMiss`; else throws HactlError. */
  readonly variable: (path: string, mayMiss: boolean) => unknown
  readonly fact: (name: string) => Promise<unknown>
}

/** Undefined: the condition holds. Otherwise one sentence that says why not. Throws HactlError for what cannot be compared. */
export async function whyNot(predicate: Predicate, lookup: Lookup): Promise<string | undefined> {
  if (isList(predicate)) return firstReason(predicate, lookup)
  if ('all' in predicate) return firstReason(predicate.all, lookup)
  if ('any' in predicate) return noneHolds(predicate.any, lookup)
  if ('not' in predicate) {
    return (await whyNot(predicate.not, lookup)) === undefined ? `${describe(predicate.not)}` : undefined
  }
  const name = predicate.var ?? predicate.fact ?? ''
  const mayMiss = predicate.defined !== undefined
  const value = predicate.var === undefined ? await lookup.fact(name) : lookup.variable(name, mayMiss)
  return holds(predicate, value) ? undefined : `${name} is ${show(value)}`
}

const isList = (predicate: Predicate): predicate is readonly Predicate[] => Array.isArray(predicate)

async function firstReason(parts: readonly Predicate[], lookup: Lookup): Promise<string | undefined> {
  for (const part of parts) {
    const reason = await whyNot(part, lookup)
    if (reason !== undefined) return reason
  }
  return undefined
}

async function noneHolds(parts: readonly Predicate[], lookup: Lookup): Promise<string | undefined> {
  const reasons: string[] = []
  for (const part of parts) {
    const reason = await whyNot(part, lookup)
    if (reason === undefined) return undefined
    reasons.push(reason)
  }
  return reasons.join(', and ')
}

/** One word of a comparison. */
export interface Test {
  readonly holds: (value: unknown, wanted: unknown) => boolean
  /** What must stand behind the word, when the value does not fit; undefined when it does. */
  readonly wants: (wanted: unknown) => string | undefined
}

const anything = (): undefined => undefined
const plain = (value: unknown): unknown => (value instanceof Secret ? value.reveal() : value)
const isEqual = (a: unknown, b: unknown): boolean => isDeepStrictEqual(plain(a), plain(b))
const isNumber = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && /^\s*-?\d+(?:\.\d+)?\s*$/.test(value))
const aNumber = (wanted: unknown): string | undefined => (isNumber(wanted) ? undefined : 'a number')

function isPattern(wanted: unknown): boolean {
  try {
    return typeof wanted === 'string' && new RegExp(wanted, 'm') instanceof RegExp
  } catch {
    return false
  }
}

/** The tests of a condition by their word. */
export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['is', { holds: isEqual, wants: anything }],
  ['is_not', { holds: (value, wanted) => !isEqual(value, wanted), wants: anything }],
  [
    'in',
    {
      holds: (value, wanted) => (wanted as readonly unknown[]).some((item) => isEqual(item, value)),
      wants: (wanted) => (Array.isArray(wanted) ? undefined : 'a list'),
    },
  ],
  ['gte', { holds: (value, wanted) => Number(value) >= Number(wanted), wants: aNumber }],
  ['lte', { holds: (value, wanted) => Number(value) <= Number(wanted), wants: aNumber }],
  [
    'matches',
    {
      holds: (value, wanted) => new RegExp(String(wanted), 'm').test(String(plain(value))),
      wants: (wanted) => (isPattern(wanted) ? undefined : 'a regular expression'),
    },
  ],
  [
    'defined',
    {
      holds: (value, wanted) => (value !== undefined && value !== null) === wanted,
      wants: (wanted) => (typeof wanted === 'boolean' ? undefined : 'true or false'),
    },
  ],
])

function holds(comparison: Comparison, value: unknown): boolean {
  const { var: variable, fact, ...tests } = comparison
  const { defined } = comparison
  if (defined !== undefined && !TESTS.get('defined')?.holds(value, defined)) return false
  return Object.entries(tests).every(([word, wanted]) => {
    const test = TESTS.get(word)
    const need = test ? test.wants(wanted) : 'one of the known tests'
    if (!test || need !== undefined) return unfit(`"${word}" must be ${need}, but is ${show(wanted)}`)
    if (['gte', 'lte'].includes(word) && !isNumber(value))
      return unfit(
        `${variable ?? fact} is ${show(value)}, which is no number to compare with ${show(wanted)}`,
      )
    return test.holds(value, wanted)
  })
}

function unfit(summary: string): never {
  throw new HactlError(
    problem('playbook/when', summary, { hint: 'hactl schema playbook shows every word of a condition' }),
  )
}

const show = (value: unknown): string =>
  value === undefined ? 'not set' : typeof value === 'string' ? value : JSON.stringify(value)

const describe = (predicate: Predicate): string => {
  if (isList(predicate)) return predicate.map(describe).join(' and ')
  if ('all' in predicate) return predicate.all.map(describe).join(' and ')
  if ('any' in predicate) return predicate.any.map(describe).join(' or ')
  if ('not' in predicate) return `not ${describe(predicate.not)}`
  const { var: variable, fact, ...test } = predicate
  return `${variable ?? fact} ${Object.entries(test)
    .map(([word, value]) => `${word.replace('_', ' ')} ${show(value)}`)
    .join(' ')}`
}
