import type { EngineEvent } from './events.ts'

/** Keys whose texts are words of hactl's own or names from the inventory and the playbook, which hold no secret. */
const OWN: ReadonlySet<string> = new Set([
  'kind',
  'mode',
  'status',
  'impact',
  'outcome',
  'level',
  'severity',
  'code',
  'field',
  'id',
  'run',
  'resumes',
  'module',
  'at',
  'host',
  'hosts',
  'file',
  'playbook',
])
/** Keys below which anything may stand, under any name. */
const FOREIGN: ReadonlySet<string> = new Set(['from', 'to', 'params'])

/**
 * An event with its texts masked, value by value: a secret that is a word of the journal or a number of it does no harm to
 * the line it would stand in.
 */
export const maskEvent = (event: EngineEvent, mask: (text: string) => string): EngineEvent =>
  masked(event, mask, false) as EngineEvent

function masked(value: unknown, mask: (text: string) => string, foreign: boolean): unknown {
  if (typeof value === 'string') return mask(value)
  if (Array.isArray(value)) return value.map((item) => masked(item, mask, foreign))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (!foreign && OWN.has(key)) return [key, item]
      return [key, masked(item, mask, foreign || FOREIGN.has(key))]
    }),
  )
}
