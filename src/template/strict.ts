interface Node {
  readonly type: string
  strict?: boolean
  readonly parts?: readonly string[]
  readonly path?: { readonly original?: string }
  readonly params?: readonly unknown[]
  readonly [key: string]: unknown
}

/** The helpers that may be given a variable that does not exist. */
const LENIENT: ReadonlySet<string | undefined> = new Set(['default', 'defined'])

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/**
 * Marks the paths of a parsed template as strict, arguments of helpers included: Handlebars' own strict mode
 * checks only the outermost path and lets a typo in `{{join itmes}}` pass. Returns the paths it marked.
 */
export function makeStrict(node: unknown, lenient = false): (readonly string[])[] {
  if (Array.isArray(node)) return node.flatMap((item) => makeStrict(item, lenient))
  return isNode(node) ? visit(node, lenient) : []
}

function visit(node: Node, lenient: boolean): (readonly string[])[] {
  if (node.type === 'PathExpression') {
    if (lenient) return []
    node.strict = true
    return [node.parts ?? []]
  }
  const calls = (node.params?.length ?? 0) > 0
  const relaxed = lenient || (calls && LENIENT.has(node.path?.original))
  const skipped = calls ? ['loc', 'path'] : ['loc']
  return Object.entries(node)
    .filter(([name]) => !skipped.includes(name))
    .flatMap(([key, child]) => makeStrict(child, ['params', 'hash'].includes(key) ? relaxed : lenient))
}
