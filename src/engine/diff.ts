import { isDeepStrictEqual } from 'node:util'
import { Secret } from '../lib/secret.ts'
import type { State } from './module.ts'

/** One field that differs, by its dotted path (`settings.work_mem`). */
export interface Difference {
  readonly field: string
  readonly from: unknown
  readonly to: unknown
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Secret) &&
  !Buffer.isBuffer(value)

const equal = (a: unknown, b: unknown): boolean =>
  (a === b && typeof a !== 'object') ||
  (a instanceof Secret || b instanceof Secret
    ? a instanceof Secret && b instanceof Secret && a.reveal() === b.reveal()
    : isDeepStrictEqual(a, b))

/**
 * Compares the fields of `to` with those of `from`: records field by field, everything else as a whole. A
 * wanted field that is undefined is not compared.
 */
export function differences(from: State, to: Partial<State>, prefix = ''): readonly Difference[] {
  return Object.entries(to).flatMap(([key, wanted]) => {
    if (wanted === undefined) return []
    const field = `${prefix}${key}`
    const present = from[key]
    if (isRecord(wanted) && isRecord(present)) return differences(present, wanted, `${field}.`)
    return equal(present, wanted) ? [] : [{ field, from: present, to: wanted }]
  })
}
