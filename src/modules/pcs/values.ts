import { Type } from '../../lib/type.ts'
import type { Wanted } from './patch.ts'

/** A value as YAML gives it. There is no Secret here: what is in the CIB, every member and tool can read. */
export type Scalar = string | number | boolean
export type Settings = Readonly<Record<string, Scalar | null>>

const SCALAR = { type: ['string', 'number', 'boolean', 'null'] }

/** A map of settings; null removes one. */
export const settings = (description: string) =>
  Type.Unsafe<Settings>({ type: 'object', additionalProperties: SCALAR, default: {}, description })

/** Resource and node names: they become XML ids. */
export const name = (description: string) =>
  Type.String({ description, pattern: '^[A-Za-z_][A-Za-z0-9_.-]*$' })

const UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  usec: 0.001,
  ms: 1,
  msec: 1,
  '': 1000,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
}

/** A time in one spelling: `60`, `60s` and `1min` are `60s`. Other texts are left as they are. */
export const normalTime = (value: string): string => {
  const found = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(value)
  const unit = UNITS[(found?.[2] ?? '-').toLowerCase()]
  if (!found || unit === undefined) return value
  const ms = Number(found[1]) * unit
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}

const TIMES = new Set([
  'interval',
  'timeout',
  'start-delay',
  'failure-timeout',
  'cluster-recheck-interval',
  'dc-deadtime',
  'election-timeout',
  'shutdown-escalation',
  'stonith-timeout',
  'priority-fencing-delay',
  'stonith-watchdog-timeout',
])
const WORDS: Readonly<Record<string, string>> = {
  Master: 'Promoted',
  Slave: 'Unpromoted',
  '+INFINITY': 'INFINITY',
}
const NAMES: Readonly<Record<string, string>> = {
  'master-max': 'promoted-max',
  'master-node-max': 'promoted-node-max',
}

/** A setting's name in today's word. */
export const normalName = (name: string): string => NAMES[name] ?? name

/** A setting's value in one spelling, so that equal meanings are equal texts. */
export const normal = (name: string, value: string): string =>
  TIMES.has(name) ? normalTime(value) : (WORDS[value] ?? value)

/** True when two values of a setting mean the same. */
export const sameValue = (name: string, a: string, b: string): boolean => normal(name, a) === normal(name, b)

/** Everything in one spelling. */
export const normalAll = (values: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [normalName(key), normal(key, value)]))

/** Settings of a task as texts in one spelling. */
export const wantedOf = (given: Settings): Wanted =>
  Object.fromEntries(
    Object.entries(given).map(([key, value]) => [
      normalName(key),
      value === null ? null : normal(key, String(value)),
    ]),
  )

/** Wanted values to compare with what is there: a removal counts only while the value exists. */
export const comparable = (wanted: Wanted, current: Readonly<Record<string, unknown>>): Wanted =>
  Object.fromEntries(Object.entries(wanted).filter(([key, value]) => value !== null || key in current))

/** The same, with a removal for everything that is there and not wanted. */
export const exactly = (wanted: Wanted, current: Readonly<Record<string, unknown>>): Wanted => ({
  ...Object.fromEntries(Object.keys(current).map((key) => [key, null])),
  ...comparable(wanted, current),
})

/** Settings of a task as they are written: for agents, whose values hactl does not interpret. */
export const textsOf = (given: Settings): Wanted =>
  Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, value === null ? null : String(value)]),
  )
