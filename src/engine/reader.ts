import type { Diagnostic } from '../diag/diagnostic.ts'
import type { Path, Where } from '../schema/yaml.ts'
import type { Registry } from './module.ts'
import type { Task } from './playbook.ts'
import { checkFacts, checkPredicate } from './when-check.ts'
import type { Predicate } from './when.ts'

export type Raw = Readonly<Record<string, unknown>>

/** What reading a playbook file needs and fills. */
export interface Reader {
  readonly registry: Registry
  readonly file: string
  readonly where: Where
  readonly diagnostics: Diagnostic[]
  /** Files being imported, outermost first, to find cycles. */
  readonly chain: readonly string[]
}

/** A value of a task as text. */
export const taskText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

/** A name or a list of names, as a list. */
export const words = (value: unknown): readonly string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map(taskText) : [taskText(value)]

/** Notes the problems of a condition. */
export function checkWhen(reader: Reader, raw: Raw, path: Path, key = 'when'): void {
  if (raw[key] === undefined) return
  const at = (inner: Path, part?: 'key' | 'value') => reader.where([...path, key, ...inner], part)
  const facts = new Set(reader.registry.facts.keys())
  reader.diagnostics.push(...checkPredicate(raw[key], at), ...checkFacts(raw[key], at, facts))
}

/** What tasks inherit from what they stand in. */
export interface Around {
  readonly tags: readonly string[]
  readonly when?: readonly Predicate[]
  readonly part?: Task['part']
}
