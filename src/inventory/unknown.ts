import type { Path } from '../schema/yaml.ts'

/** Thrown where a rule reads what could not be understood: what it would say is not known. */
class Unknown extends Error {}

/** What a rule says; nothing where it needs what could not be understood. */
export function known<T>(ask: () => readonly T[]): readonly T[] {
  try {
    return ask()
  } catch (error) {
    if (error instanceof Unknown) return []
    throw error
  }
}

/** Several rules as one, each of which may find itself without what it needs. */
export const allOf =
  <I, T>(...rules: readonly ((input: I) => readonly T[])[]): ((input: I) => readonly T[]) =>
  (input) =>
    rules.flatMap((rule) => known(() => rule(input)))

/** Unknown keys of a value: true for all of it. */
type Gaps = Map<string, Gaps | true>

function gapsOf(paths: readonly Path[]): Gaps {
  const gaps: Gaps = new Map()
  for (const path of paths) {
    // An entry of a list is known as a whole or not at all.
    const index = path.findIndex((step) => typeof step === 'number')
    const whole = (index < 0 ? path : path.slice(0, index + 1)).map(String)
    let at = gaps
    for (const [depth, step] of whole.entries()) {
      const inner = at.get(step)
      if (inner === true) break
      if (depth === whole.length - 1) at.set(step, true)
      else {
        const next: Gaps = inner ?? new Map()
        at.set(step, next)
        at = next
      }
    }
  }
  return gaps
}

const withGaps = new WeakSet<object>()

/** Whether all of a list or map is understood. Without that, that something is not in it says nothing. */
export const isWhole = (value: object): boolean => !withGaps.has(value)

function guard(value: object, gaps: Gaps): object {
  const isGap = (key: string | symbol): boolean => typeof key === 'string' && gaps.get(key) === true
  const made = new Map<string, object>()
  const guarded = new Proxy(value, {
    get(target, key) {
      if (isGap(key)) throw new Unknown()
      const found: unknown = Reflect.get(target, key)
      const inner = typeof key === 'string' ? gaps.get(key) : undefined
      if (!(inner instanceof Map) || typeof found !== 'object' || found === null) return found
      const child = made.get(String(key)) ?? guard(found, inner)
      made.set(String(key), child)
      return child
    },
    // In a list it is a hole, which its methods pass by.
    has(target, key) {
      if (!isGap(key)) return Reflect.has(target, key)
      if (Array.isArray(target)) return false
      throw new Unknown()
    },
    ownKeys: (target) => Reflect.ownKeys(target).filter((key) => !isGap(key)),
  })
  withGaps.add(guarded)
  return guarded
}

/** A value in which reading what stands at these paths, or is missing there, makes a rule say nothing. */
export const guarded = <V extends object>(value: V, paths: readonly Path[]): V =>
  paths.length === 0 ? value : (guard(value, gapsOf(paths)) as V)
