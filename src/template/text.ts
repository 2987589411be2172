import { Secret, type Text } from '../lib/secret.ts'

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret)

/** A value as it stands in a text; nothing for null. Throws an Error for a list or a map, which have no one form. */
export function textOf(value: unknown): Text {
  if (value instanceof Secret || typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  if (typeof value !== 'object') return String(value as number | boolean)
  const what = Array.isArray(value) ? 'a list' : 'a map'
  throw new Error(`${what} cannot stand inside a text; write {{ join … ',' }} or {{ json … }}`)
}

/** Whether a secret is anywhere in a value. */
export function hasSecret(value: unknown): boolean {
  if (value instanceof Secret) return true
  if (Array.isArray(value)) return value.some(hasSecret)
  return isRecord(value) && Object.values(value).some(hasSecret)
}

/** Applies a change to every value that is no list and no map. */
function mapLeaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, change))
  if (!isRecord(value)) return change(value)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapLeaves(item, change)]))
}

/** The same value with its secrets in plain. Only for what is hidden again. */
export const revealAll = (value: unknown): unknown =>
  hasSecret(value) ? mapLeaves(value, (leaf) => (leaf instanceof Secret ? leaf.reveal() : leaf)) : value

/** What was made of a secret, as secret as it was. Throws an Error for a number, which cannot be hidden. */
export const hide = (value: unknown): unknown =>
  mapLeaves(value, (leaf) => {
    if (typeof leaf === 'number') throw new Error('a number made of a secret would show something of it')
    return typeof leaf === 'string' ? new Secret(leaf) : leaf
  })
