import { isMap, isScalar, parseDocument, stringify, visit } from 'yaml'
import type { Node, Pair } from 'yaml'
import { Secret } from '../lib/secret.ts'

/** A value as YAML for people; Secrets are masked. */
export const toYaml = (value: unknown): string =>
  stringify(plain(value), { lineWidth: 0, aliasDuplicateObjects: false })

function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.toString()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

export interface ScalarSpot {
  /** Keys from the root, joined by dots. */
  readonly name: string
  /** The comment at the end of its line, without `#`. */
  readonly comment: string
}

/** Every scalar in the maps of a YAML text. The text must be sound (parseYaml). */
export function listScalars(text: string): readonly ScalarSpot[] {
  const spots: ScalarSpot[] = []
  walkScalars(text, (spot) => {
    spots.push(spot)
    return undefined
  })
  return spots
}

/** Replaces scalars; comments, order and the other values stay as they are. `change` gives undefined to keep one. */
export function replaceScalars(text: string, change: (spot: ScalarSpot) => string | undefined): string {
  return walkScalars(text, change)
}

export interface NewScalar {
  /** Keys from the root. */
  readonly path: readonly string[]
  readonly value: string
  /** The comment at the end of its line, without `#`. */
  readonly comment: string
}

/**
 * Adds scalars at the end of their maps; what is there stays as it is. The text must be sound, and no parent of a
 * new scalar may be a scalar.
 */
export function addScalars(text: string, scalars: readonly NewScalar[]): string {
  const document = parseDocument(text, { schema: 'failsafe', keepSourceTokens: true })
  // A text of comments alone has an empty scalar for its root.
  if (!isMap(document.contents)) document.contents = null
  for (const { path, value, comment } of scalars) {
    const node = document.createNode(value)
    node.comment = ` ${comment}`
    document.setIn(path, node)
  }
  return document.toString({ lineWidth: 0 })
}

function walkScalars(text: string, change: (spot: ScalarSpot) => string | undefined): string {
  const document = parseDocument(text, { schema: 'failsafe', keepSourceTokens: true })
  // A text of comments alone has nothing to visit, and cannot be printed in this schema.
  if (!isMap(document.contents)) return text
  visit(document, {
    Pair: (_, pair, ancestors) => {
      if (!isScalar(pair.value)) return
      const keys = [...ancestors.filter(isPairNode), pair as Pair].map((each) => keyText(each.key))
      const comment = pair.value.comment?.trim() ?? ''
      const changed = change({ name: keys.join('.'), comment })
      if (changed !== undefined) pair.value.value = changed
    },
  })
  return document.toString({ lineWidth: 0 })
}

const isPairNode = (node: unknown): node is Pair => typeof node === 'object' && node !== null && 'key' in node
const keyText = (key: unknown): string => String(isScalar(key) ? key.value : (key as Node | null))
