import { isDeepStrictEqual } from 'node:util'

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
  readonly defined?: boolean
}

export interface Lookup {
  /** Undefined when the variable does not exist. */
  readonly variable: (path: string) => unknown
  readonly fact: (name: string) => Promise<unknown>
}

/** Undefined: the condition holds. Otherwise one sentence that says why not. */
export async function whyNot(predicate: Predicate, lookup: Lookup): Promise<string | undefined> {
  if (isList(predicate)) return firstReason(predicate, lookup)
  if ('all' in predicate) return firstReason(predicate.all, lookup)
  if ('any' in predicate) return noneHolds(predicate.any, lookup)
  if ('not' in predicate) {
    return (await whyNot(predicate.not, lookup)) === undefined ? `${describe(predicate.not)}` : undefined
  }
  const name = predicate.var ?? predicate.fact ?? ''
  const value = predicate.var === undefined ? await lookup.fact(name) : lookup.variable(name)
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

const CHECKS: Readonly<Record<string, (value: unknown, wanted: unknown) => boolean>> = {
  is: (value, wanted) => isDeepStrictEqual(value, wanted),
  is_not: (value, wanted) => !isDeepStrictEqual(value, wanted),
  in: (value, wanted) => Array.isArray(wanted) && wanted.some((item) => isDeepStrictEqual(item, value)),
  gte: (value, wanted) => Number(value) >= Number(wanted),
  lte: (value, wanted) => Number(value) <= Number(wanted),
  defined: (value, wanted) => (value !== undefined && value !== null) === wanted,
}

const holds = (test: Comparison, value: unknown): boolean =>
  Object.entries(test).every(([word, wanted]) => CHECKS[word]?.(value, wanted) ?? true)

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
