interface Node {
  readonly type: string
  strict?: boolean
  readonly path?: { readonly original?: string }
  readonly params?: readonly unknown[]
  readonly [key: string]: unknown
}

/** The helpers that may be given a variable that does not exist. */
const LENIENT: ReadonlySet<string | undefined> = new Set(['default', 'defined'])

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/**
 * Marks the paths of a parsed template as strict, arguments of helpers included: Handlebars' own strict mode
 * checks only the outermost path and lets a typo in `{{join itmes}}` pass.
 */
export function makeStrict(node: unknown, lenient = false): void {
  if (Array.isArray(node)) for (const item of node) makeStrict(item, lenient)
  else if (isNode(node)) visit(node, lenient)
}

function visit(node: Node, lenient: boolean): void {
  if (node.type === 'PathExpression') {
    if (!lenient) node.strict = true
    return
  }
  const calls = (node.params?.length ?? 0) > 0
  const relaxed = lenient || (calls && LENIENT.has(node.path?.original))
  const skipped = calls ? ['loc', 'path'] : ['loc']
  for (const [key, child] of Object.entries(node).filter(([name]) => !skipped.includes(name))) {
    makeStrict(child, ['params', 'hash'].includes(key) ? relaxed : lenient)
  }
}
