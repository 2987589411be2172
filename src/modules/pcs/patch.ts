import type { Impact } from '../../engine/impact.ts'
import type { RunStep } from '../../engine/step.ts'
import { runWith } from '../../engine/step.ts'
import { plainSet } from './cib.ts'
import { childrenOf, element, writeXml } from './xml.ts'
import type { XmlElement } from './xml.ts'

/** One `<change>` of a CIB patch (format 2, as crm_diff prints it). */
export type CibChange = XmlElement

/** The path of an element below another: `/cib/configuration/resources/primitive[@id='x']`. */
export const pathBelow = (parent: string, child: XmlElement): string =>
  child.attrs['id'] === undefined
    ? `${parent}/${child.name}`
    : `${parent}/${child.name}[@id='${child.attrs['id']}']`

export const CONFIGURATION = '/cib/configuration'

/** Past the end of every parent: the new child becomes the last one. */
const LAST = '9999'

/** Adds an element as the last child. */
export const create = (parent: string, child: XmlElement): CibChange =>
  element('change', { operation: 'create', path: parent, position: LAST }, [child])

/** Removes an element with all below it. */
export const remove = (path: string): CibChange => element('change', { operation: 'delete', path })

/** Gives an element other attributes; those named with undefined are taken away, the rest stay. */
export const modify = (
  path: string,
  old: XmlElement,
  attrs: Readonly<Record<string, string | undefined>>,
): CibChange => {
  const list = Object.entries(attrs).map(([name, value]) =>
    element('change-attr', { name, operation: value === undefined ? 'unset' : 'set', value }),
  )
  const result = element(old.name, { ...old.attrs, ...attrs })
  return element('change', { operation: 'modify', path }, [
    element('change-list', {}, list),
    element('change-result', {}, [result]),
  ])
}

/**
 * The step that makes all changes at once or none. The patch names no version, so that changes elsewhere
 * in the CIB do not matter; a path that is gone or an id that exists already makes cibadmin refuse it.
 */
export const patchStep = (changes: readonly CibChange[], impact: Impact = 'none'): readonly RunStep[] =>
  changes.length === 0
    ? []
    : [
        runWith(
          { stdin: writeXml(element('diff', { format: '2' }, changes)), impact, timeoutMs: 60_000 },
          'cibadmin',
          '--patch',
          '--xml-pipe',
        ),
      ]

/** An XML id made from words: other characters become `-`. */
export const idFrom = (...words: readonly string[]): string =>
  words
    .join('-')
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^(?![A-Za-z_])/, '_')

/** Wanted values by name; null removes. */
export type Wanted = Readonly<Record<string, string | null>>

const nvpair = (setId: string, name: string, value: string): XmlElement =>
  element('nvpair', { id: idFrom(setId, name), name, value })

/** A set of nvpairs made in code; undefined when it would be empty. */
export const newSet = (tag: string, id: string, wanted: Wanted): XmlElement | undefined => {
  const pairs = Object.entries(wanted).flatMap(([name, value]) =>
    value === null ? [] : [nvpair(id, name, value)],
  )
  return pairs.length > 0 ? element(tag, { id }, pairs) : undefined
}

export interface SetPlace {
  /** Path and element of what holds the set. */
  readonly path: string
  readonly parent: XmlElement | undefined
  readonly tag: string
  /** Id of the set when there is none yet. */
  readonly id: string
  /** When two values mean the same; default: equal texts. */
  readonly same?: (name: string, a: string, b: string) => boolean
}

/** Changes that bring the plain set of nvpairs at a place to the wanted values; what is not named stays. */
export const setChanges = (place: SetPlace, wanted: Wanted): readonly CibChange[] => {
  const set = plainSet(place.parent, place.tag)
  if (!set) {
    const fresh = newSet(place.tag, place.id, wanted)
    return fresh ? [create(place.path, fresh)] : []
  }
  const path = pathBelow(place.path, set)
  const same = place.same ?? ((_, a, b) => a === b)
  return Object.entries(wanted).flatMap(([name, value]) => {
    const old = childrenOf(set, 'nvpair').find(({ attrs }) => attrs['name'] === name)
    if (value === null) return old ? [remove(pathBelow(path, old))] : []
    if (!old) return [create(path, nvpair(set.attrs['id'] ?? place.id, name, value))]
    return same(name, old.attrs['value'] ?? '', value) ? [] : [modify(pathBelow(path, old), old, { value })]
  })
}
