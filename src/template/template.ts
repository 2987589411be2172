import type { Span } from '../diag/diagnostic.ts'
import { joinText, Secret, type Text } from '../lib/secret.ts'
import { UndefinedVariable } from './errors.ts'
import { createHandlebars, type Render } from './handlebars.ts'
import { HELPERS } from './helpers.ts'
import { createSealer } from './seal.ts'
import { cutSimple, follow, type Pieces } from './simple.ts'

export { UndefinedVariable } from './errors.ts'

/** Names visible to a template. */
export type Scope = Readonly<Record<string, unknown>>

export interface Templates {
  /**
   * Renders one text. A text that is one whole `{{ expression }}` gives the value with its type; otherwise a
   * string, or a Secret when a secret went into it. Undefined variables and syntax errors throw HactlError
   * with the position inside the text, counted from `origin`.
   */
  render(text: string, scope: Scope, origin?: Span): unknown
  /** Renders every string of a YAML value. `origin` gives the position of a path inside it. */
  renderAll(
    value: unknown,
    scope: Scope,
    origin?: (path: readonly (string | number)[]) => Span | undefined,
  ): unknown
}

const MISSING = Symbol('missing')
/** What a value cannot be put into text without the engine. */
const COMPLEX = Symbol('complex')
const NAMES = new Set([...Object.keys(HELPERS), 'if', 'unless', 'each', 'with', 'lookup', 'log'])

/** Makes a template engine: strict, without HTML escaping, with our helpers and typed whole expressions. */
export function createTemplates(): Templates {
  let engine: Render | undefined
  const cut = new Map<string, Pieces | false>()

  const render = (text: string, scope: Scope, origin?: Span): unknown => {
    if (!text.includes('{{')) return text
    const pieces = cut.get(text) ?? cutSimple(text, NAMES) ?? false
    cut.set(text, pieces)
    const simple = pieces === false ? COMPLEX : fill(pieces, scope, text, origin)
    if (simple !== COMPLEX) return simple
    engine ??= createHandlebars(createSealer())
    return engine(text, scope, origin)
  }

  return { render, renderAll: (value, scope, origin) => renderTree(render, value, scope, origin, []) }
}

/** A text with plain variables only; one alone keeps its type. */
function fill(pieces: Pieces, scope: Scope, text: string, origin: Span | undefined): unknown {
  const [before = '', only, after = ''] = pieces
  const whole = pieces.length === 3 && String(before).trim() === '' && String(after).trim() === ''
  if (whole) return valueOf(scope, only as readonly string[], text, origin)
  const parts = pieces.map((piece) =>
    typeof piece === 'string' ? piece : asText(valueOf(scope, piece, text, origin)),
  )
  return parts.includes(undefined) ? COMPLEX : joinText(parts as readonly Text[])
}

/** Undefined: a list or a map, which the engine puts into text. */
function asText(value: unknown): Text | undefined {
  if (value instanceof Secret) return value
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? undefined : String(value as string | number | boolean)
}

function valueOf(scope: Scope, path: readonly string[], text: string, origin: Span | undefined): unknown {
  const value = follow(scope, path, MISSING)
  if (value !== MISSING) return value
  const name = path.join('.')
  const lines = text.slice(0, text.indexOf(name)).split('\n')
  const column = lines.at(-1)?.length ?? 0
  const at = origin && {
    file: origin.file,
    line: origin.line + lines.length - 1,
    col: lines.length === 1 ? origin.col + column : column + 1,
  }
  throw new UndefinedVariable(name, path[0] ?? '', Object.keys(scope), at)
}

function renderTree(
  render: Templates['render'],
  value: unknown,
  scope: Scope,
  origin: ((path: readonly (string | number)[]) => Span | undefined) | undefined,
  path: readonly (string | number)[],
): unknown {
  if (typeof value === 'string') return value.includes('{{') ? render(value, scope, origin?.(path)) : value
  if (Array.isArray(value))
    return value.map((item, index) => renderTree(render, item, scope, origin, [...path, index]))
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      renderTree(render, item, scope, origin, [...path, key]),
    ]),
  )
}
