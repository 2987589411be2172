/** A text cut into literal pieces and the paths between them: literals are at even places, paths at odd ones. */
export type Pieces = readonly (string | readonly string[])[]

const MUSTACHE = /\{\{\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)\s*\}\}/
/** Words that Handlebars takes for something else than a variable. */
const RESERVED = new Set(['this', 'true', 'false', 'null', 'undefined', 'else'])

/**
 * Cuts a text whose templates are all plain variables (`{{ a.b }}`): most are, and they need no template engine,
 * whose loading and compiling costs more than the rest of a run. Undefined for everything else.
 */
export function cutSimple(text: string, helpers: ReadonlySet<string>): Pieces | undefined {
  if (text.includes('\\{{')) return undefined
  const parts = text.split(new RegExp(MUSTACHE, 'g'))
  const pieces: (string | readonly string[])[] = []
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 0) {
      if (part.includes('{{')) return undefined
      pieces.push(part)
      continue
    }
    const path = part.split('.')
    if (path.some((key) => RESERVED.has(key)) || helpers.has(path[0] ?? '')) return undefined
    pieces.push(path)
  }
  return pieces
}

/** The value of a path, own properties only; `missing` when a part does not exist. */
export function follow(context: unknown, path: readonly string[], missing: unknown): unknown {
  let value = context
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return missing
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return value
}
