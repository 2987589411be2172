import type { Span } from '../diag/diagnostic.ts'
import { Secret, type Text } from '../lib/secret.ts'
import { evaluateTemplate, evaluateText } from './evaluate.ts'
import { parseTemplate } from './parse.ts'
import type { Program } from './syntax.ts'

export { UndefinedVariable } from './errors.ts'

/** Names visible to a template. */
export type Scope = Readonly<Record<string, unknown>>

type PlaceOf = (path: readonly (string | number)[]) => Span | undefined

export interface Templates {
  /**
   * Renders one text. A text that is one whole `{{ expression }}` gives the value with its type; otherwise a
   * string, or a Secret when a secret went into it. Undefined variables and syntax errors throw HactlError
   * with the position inside the text, counted from `origin`.
   */
  render(text: string, scope: Scope, origin?: Span): unknown
  /** Renders the content of a file: a text whatever stands in it, blanks at its ends included. */
  renderText(text: string, scope: Scope, origin?: Span): Text
  /** Renders every string of a YAML value. `origin` gives the position of a path inside it. */
  renderAll(value: unknown, scope: Scope, origin?: PlaceOf): unknown
  /** Throws what is wrong with a text whatever its variables are. */
  check(text: string, origin?: Span): void
}

/** Whether a text has anything to render; a statement of Jinja is something to complain about. */
export const isTemplate = (text: string): boolean => text.includes('{{') || text.includes('{%')

/** Makes a template engine: strict, without HTML escaping, with our helpers and typed whole expressions. */
export function createTemplates(): Templates {
  const programs = new Map<string, Program>()
  const programOf = (text: string, origin: Span | undefined): Program => {
    const known = programs.get(text)
    if (known) return known
    const made = parseTemplate(text, origin)
    programs.set(text, made)
    return made
  }
  const render: Templates['render'] = (text, scope, origin) =>
    isTemplate(text) ? evaluateTemplate(programOf(text, origin), scope, origin) : text
  return {
    render,
    renderText: (text, scope, origin) =>
      isTemplate(text) ? evaluateText(programOf(text, origin), scope, origin) : text,
    renderAll: (value, scope, origin) => renderTree(render, value, scope, origin, []),
    check: (text, origin) => {
      if (isTemplate(text)) programOf(text, origin)
    },
  }
}

function renderTree(
  render: Templates['render'],
  value: unknown,
  scope: Scope,
  origin: PlaceOf | undefined,
  path: readonly (string | number)[],
): unknown {
  if (typeof value === 'string') return isTemplate(value) ? render(value, scope, origin?.(path)) : value
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
