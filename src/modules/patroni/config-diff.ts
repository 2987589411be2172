import { Secret } from '../../lib/secret.ts'
import type { Config } from './documents.ts'

export const isRecord = (value: unknown): value is Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret)

const WORDS: Readonly<Record<string, string>> = { on: 'true', off: 'false' }

const text = (value: unknown): string => {
  const plain = value instanceof Secret ? value.reveal() : value
  if (typeof plain === 'string') return WORDS[plain] ?? plain
  return JSON.stringify(plain) ?? ''
}

/** Whether Patroni takes both for the same: 30 and "30", on and true; lists and texts as they are. */
export const sameValue = (present: unknown, wanted: unknown): boolean => text(present) === text(wanted)

/** What is there of the wanted keys, in the wanted spelling where both mean the same. */
export function presentOf(present: Config, wanted: Config): Config {
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([key, value]) => {
      const is = present[key]
      if (isRecord(value) && isRecord(is)) return [[key, presentOf(is, value)]]
      if (is === undefined || is === null) return []
      if (sameValue(is, value)) return [[key, value]]
      return [[key, value instanceof Secret ? new Secret(text(is)) : is]]
    }),
  )
}

/** The wanted keys without removals of what is not there. */
export function comparable(wanted: Config, present: Config): Config {
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([key, value]): [string, unknown][] => {
      const is = present[key]
      if (value === null) return is === undefined || is === null ? [] : [[key, null]]
      return [[key, isRecord(value) ? comparable(value, isRecord(is) ? is : {}) : value]]
    }),
  )
}

/** The smallest PATCH that makes `wanted` of `present`; null removes a key. */
export function patchOf(present: Config, wanted: Config): Config {
  return Object.fromEntries(
    Object.entries(comparable(wanted, present)).flatMap(([key, value]) => {
      const is = present[key]
      if (isRecord(value) && isRecord(is)) {
        const inner = patchOf(is, value)
        return Object.keys(inner).length === 0 ? [] : [[key, inner]]
      }
      return value !== null && is !== undefined && sameValue(is, value) ? [] : [[key, value]]
    }),
  )
}

/** The whole configuration after a patch. */
export function merged(present: Config, patch: Config): Config {
  const entries = Object.entries({ ...present, ...patch }).flatMap(([key, value]) => {
    if (value === null) return []
    const is = present[key]
    return [[key, key in patch && isRecord(value) && isRecord(is) ? merged(is, value) : value] as const]
  })
  return Object.fromEntries(entries)
}

const child = (config: Config, key: string): Config => {
  const value = config[key]
  return isRecord(value) ? value : {}
}

/** Parameters of PostgreSQL for all members in a dynamic configuration. */
export const parameters = (config: Config): Config => child(child(config, 'postgresql'), 'parameters')

/** Names of settings have no case, but the store keeps every spelling: those of a wanted setting but its own are removed. */
export function wantedOf(config: Config, present: Config): Config {
  const own = parameters(config)
  const lower = new Set(Object.keys(own).map((name) => name.toLowerCase()))
  const stale = Object.keys(parameters(present)).filter(
    (name) => !(name in own) && lower.has(name.toLowerCase()),
  )
  if (stale.length === 0) return config
  const removed = Object.fromEntries(stale.map((name) => [name, null]))
  return { ...config, postgresql: { ...child(config, 'postgresql'), parameters: { ...own, ...removed } } }
}
