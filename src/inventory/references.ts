import type { Diagnostic } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { Secret, type Text, joinText } from '../lib/secret.ts'
import { isSecretPath } from '../lib/secret-names.ts'
import { suggest } from '../lib/suggest.ts'
import { Literal, type Path } from '../schema/yaml.ts'
import type { Value, Vars } from './inventory.ts'
import { type Layer, type Sourced, isMap } from './layout.ts'

/**
 * Of Jinja an inventory may use one thing: a plain reference to another variable, `{{ secrets.app_password }}`, alone
 * (then the value keeps its type) or inside a text. Expressions, filters and statements are refused, because two
 * template languages that nearly agree would be worse than one.
 */
const PLAIN = /\{\{\s*([A-Za-z_]\w*(?:\.\w+|\[\d+\])*)\s*\}\}/g
const WHOLE = /^\{\{\s*([A-Za-z_]\w*(?:\.\w+|\[\d+\])*)\s*\}\}$/

export const hasReference = (value: unknown): boolean =>
  typeof value === 'string'
    ? value.includes('{{')
    : value instanceof Literal
      ? true
      : Array.isArray(value)
        ? value.some(hasReference)
        : isMap(value) && Object.values(value).some(hasReference)

/** Strings of a variable that are templates, but not plain references. */
export function findExpressions({ value, source, path }: Sourced): Diagnostic[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) =>
      findExpressions({ value: item, source, path: [...path, index] }),
    )
  }
  if (isMap(value)) {
    return Object.entries(value).flatMap(([key, item]) =>
      findExpressions({ value: item, source, path: [...path, key] }),
    )
  }
  if (typeof value !== 'string') return []
  const mark = /\{\{[\s\S]*?(?:\}\}|$)|\{[%#][\s\S]*?(?:[%#]\}|$)/.exec(value.replaceAll(PLAIN, ''))
  if (!mark) return []
  const at = source.where(path)
  if (isSecretPath(path)) {
    const what = `the value of "${String(path.findLast((step) => typeof step === 'string'))}"`
    const summary = `${what} holds {{, {% or {#, and would be a template`
    return [problem('inventory/expression', summary, { at, hint: hiddenHint(path) })]
  }
  const hint = `an inventory may only refer to another variable by name, e.g. "{{ secrets.app_password }}"; mark a text that is no template: !unsafe 'TEXT'`
  return [problem('inventory/expression', `a Jinja expression in an inventory: ${mark[0]}`, { at, hint })]
}

/** The way for a value that looks like a template and may be a password: what it is is nowhere repeated. */
function hiddenHint(path: Path): string {
  const key = path.findLast((step) => typeof step === 'string')
  const name = String(key ?? 'name').replaceAll(/\W/g, '_')
  return (
    `put the value into secrets.age.yml: \`hactl secrets edit\`, there ${name}: 'VALUE', and write here "{{ secrets.${name} }}"; ` +
    `or mark it as no template: !unsafe 'VALUE'`
  )
}

export interface Scope {
  /** The merged variables as written. */
  readonly vars: Layer
  /** Values that are ready: secrets, inventory_hostname … */
  readonly extra: Vars
}

/** Variables (all, or the named ones) with every reference replaced. Undefined names and circles are diagnostics. */
export function resolveVars(
  scope: Scope,
  names: readonly string[] = [...scope.vars.keys()],
): {
  readonly vars: Vars
  readonly diagnostics: readonly Diagnostic[]
} {
  const resolver: Resolver = { scope, done: new Map(), diagnostics: [] }
  const vars = Object.fromEntries(names.map((name) => [name, variable(resolver, name, [])]))
  return { vars, diagnostics: resolver.diagnostics }
}

interface Resolver {
  readonly scope: Scope
  readonly done: Map<string, Value>
  readonly diagnostics: Diagnostic[]
}

function variable(resolver: Resolver, name: string, stack: readonly string[]): Value {
  const known = resolver.done.get(name)
  if (known !== undefined) return known
  const sourced = resolver.scope.vars.get(name)
  if (!sourced) return resolver.scope.extra[name] ?? null
  const resolved = resolve(resolver, sourced, [...stack, name])
  resolver.done.set(name, resolved)
  return resolved
}

function resolve(resolver: Resolver, sourced: Sourced, stack: readonly string[]): Value {
  const { value, source, path } = sourced
  if (!hasReference(value)) return value as Value
  const inner = (item: unknown, key: string | number): Value =>
    resolve(resolver, { value: item, source, path: [...path, key] }, stack)
  if (value instanceof Literal) return value.text
  if (Array.isArray(value)) return value.map(inner)
  if (isMap(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item, key)]))
  if (typeof value !== 'string') return value as Value
  const whole = WHOLE.exec(value)
  if (whole) return lookup(resolver, whole[1] ?? '', sourced, stack)
  const parts: Text[] = []
  let last = 0
  for (const match of value.matchAll(PLAIN)) {
    parts.push(value.slice(last, match.index), asText(lookup(resolver, match[1] ?? '', sourced, stack)))
    last = match.index + match[0].length
  }
  return joinText([...parts, value.slice(last)])
}

const asText = (value: Value): Text =>
  value instanceof Secret || typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value)

function lookup(resolver: Resolver, expression: string, from: Sourced, stack: readonly string[]): Value {
  const [name = '', ...path] = expression.split(/[.[\]]+/).filter((part) => part !== '')
  const at = from.source.where(from.path)
  const { scope, diagnostics } = resolver
  if (!scope.vars.has(name) && !(name in scope.extra)) {
    const guess = suggest(name, [...scope.vars.keys(), ...Object.keys(scope.extra)])
    const unknown =
      name === 'secrets'
        ? 'make the secrets with `hactl secrets generate`'
        : `define "${name}" under vars, or write the value itself`
    const isHidden = name !== 'secrets' && isSecretPath(from.path)
    const summary = isHidden
      ? `the value of "${String(from.path.findLast((step) => typeof step === 'string'))}" refers to a variable that does not exist`
      : `no variable called "${name}"`
    const hint = isHidden ? hiddenHint(from.path) : guess === undefined ? unknown : `did you mean "${guess}"?`
    diagnostics.push(problem('inventory/undefined-variable', summary, { at, hint }))
    return null
  }
  if (stack.includes(name)) {
    const summary = `variables refer to each other in a circle: ${[...stack, name].join(' → ')}`
    diagnostics.push(
      problem('inventory/reference-circle', summary, { at, hint: 'write the value of one of them' }),
    )
    return null
  }
  return descend(resolver, variable(resolver, name, stack), { name, path, at })
}

interface Descent {
  readonly name: string
  readonly path: Path
  readonly at: Diagnostic['at']
}

function descend({ diagnostics }: Resolver, start: Value, { name, path, at }: Descent): Value {
  // Secrets that were not opened: any of them may exist.
  if (name === 'secrets' && start instanceof Secret) return start
  let value = start
  let shown = name
  for (const step of path) {
    const inner = childOf(value, step)
    if (inner === undefined) {
      const hint = missingHint(value, { shown, step: String(step), isSecret: name === 'secrets' })
      const summary = `"${shown}" has no "${step}"`
      diagnostics.push(problem('inventory/undefined-variable', summary, { ...(at && { at }), hint }))
      return null
    }
    value = inner
    shown = `${shown}.${step}`
  }
  return value
}

function childOf(parent: Value, step: string | number): Value | undefined {
  const data: unknown = parent
  if (Array.isArray(data)) return data[Number(step)] as Value | undefined
  return isMap(data) && Object.hasOwn(data, step) ? (data[step] as Value) : undefined
}

function missingHint(
  parent: Value,
  { shown, step, isSecret }: { readonly shown: string; readonly step: string; readonly isSecret: boolean },
): string {
  const data: unknown = parent
  const known = isMap(data) ? Object.keys(data) : []
  const guess = suggest(step, known)
  if (guess !== undefined) return `did you mean "${shown}.${guess}"?`
  if (isSecret) return 'add it with `hactl secrets edit`, or let `hactl secrets generate` make it'
  return `"${shown}" has ${known.length > 0 ? known.join(', ') : 'no keys'}`
}
