import { clip } from './words.ts'

/** A longer value would hide the plan; `--diff` and `--format json` show all of it. */
const LONGEST = 400

const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null

/** Nothing there yet, or nothing left: what makes a change a creation or a removal. */
export const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || value === 'absent' || value === '(none)'

/** A list of short values that is compared entry by entry. */
export const isList = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) && value.every(isPlain)

/** A text of several lines: the content of a file. */
export const isText = (value: unknown): value is string => typeof value === 'string' && value.includes('\n')

/** One value on one line, as a person would write it. */
export function showValue(value: unknown): string {
  if (value === undefined || value === null) return '(none)'
  if (value === '') return '""'
  if (isText(value)) return `(${value.trimEnd().split('\n').length} lines)`
  if (isList(value)) return value.length === 0 ? '(empty)' : clip(value.map(showValue).join(', '), LONGEST)
  return clip(typeof value === 'object' ? JSON.stringify(value) : String(value as string | number), LONGEST)
}
