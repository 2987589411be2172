import { HactlError, type Span } from '../diag/diagnostic.ts'
import { joinText, Secret, type Text } from '../lib/secret.ts'
import { fail, placeIn, UndefinedVariable } from './errors.ts'
import { HELPERS } from './helpers.ts'
import { isCall } from './parse.ts'
import type { Block, Call, Expression, PathExpression, Program, Statement } from './syntax.ts'
import { textOf } from './text.ts'

/** What an expression sees: the values that stand around it, innermost last. */
interface Frame {
  readonly contexts: readonly unknown[]
  /** `@root`, `@index`, `@key`, `@first`, `@last`. */
  readonly data: Readonly<Record<string, unknown>>
  /** Names given by `as |x|`. */
  readonly names: Readonly<Record<string, unknown>>
  readonly origin: Span | undefined
  /** Inside `default` or `defined`, which accept what does not exist. */
  readonly lenient: boolean
}

const LENIENT: ReadonlySet<string> = new Set(['default', 'defined'])

/**
 * Evaluates a template: the value of one that is a single expression, else a text, which is a Secret when one went into it.
 * Secrets travel as values: nothing in a text stands for one, so no text from outside can be taken for one. Throws HactlError
 * with the place inside the text.
 */
export function evaluateTemplate(program: Program, scope: object, origin: Span | undefined): unknown {
  const frame: Frame = { contexts: [scope], data: { root: scope }, names: {}, origin, lenient: false }
  const only = onlyExpression(program)
  return only ? valueOf(only, frame) : joinText(textsOf(program, frame))
}

/** The same as a text, also when it is a single expression: the content of a file. */
export function evaluateText(program: Program, scope: object, origin: Span | undefined): Text {
  const frame: Frame = { contexts: [scope], data: { root: scope }, names: {}, origin, lenient: false }
  return joinText(textsOf(program, frame))
}

/** The one expression of a template with nothing but blanks around it: its value keeps its type. */
function onlyExpression({ body }: Program): Call | undefined {
  const telling = body.filter((each) => each.type !== 'ContentStatement' || each.value.trim() !== '')
  const [only] = telling
  return telling.length === 1 && only?.type === 'MustacheStatement' ? only : undefined
}

const textsOf = (program: Program | undefined, frame: Frame): readonly Text[] =>
  (program?.body ?? []).flatMap((statement) => textsOfOne(statement, frame))

function textsOfOne(statement: Statement, frame: Frame): readonly Text[] {
  switch (statement.type) {
    case 'ContentStatement':
      return [statement.value]
    case 'MustacheStatement':
      return [placed(statement, frame, () => textOf(valueOf(statement, frame)))]
    case 'BlockStatement':
      return blockOf(statement, frame)
    default:
      return []
  }
}

/** Gives an error of ours the place of what it is about. */
function placed<T>({ loc }: Call, { origin }: Frame, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof HactlError || !(error instanceof Error)) throw error
    return fail('template/failed', error.message, placeIn(origin, loc.start))
  }
}

function blockOf(block: Block, frame: Frame): readonly Text[] {
  const [param] = block.params
  const value = param && expression(param, frame)
  switch (block.path.type === 'PathExpression' && block.path.original) {
    case 'if':
      return textsOf(holds(block, value, frame) ? block.program : block.inverse, frame)
    case 'unless':
      return textsOf(holds(block, value, frame) ? block.inverse : block.program, frame)
    case 'with':
      if (isEmpty(value)) return textsOf(block.inverse, frame)
      return textsOf(block.program, inside(frame, value, named(block.program, [value])))
    default:
      return placed(block, frame, () => eachOf(block, value, frame))
  }
}

/** Zero is no, but for `includeZero=true`. */
function holds(block: Block, value: unknown, frame: Frame): boolean {
  const zero = block.hash?.pairs.find(({ key }) => key === 'includeZero')
  const takesZero = zero !== undefined && expression(zero.value, frame) === true
  return !isEmpty(value) && (takesZero || value !== 0)
}

function eachOf(block: Block, value: unknown, frame: Frame): readonly Text[] {
  const entries = entriesOf(value)
  if (entries.length === 0) return textsOf(block.inverse, frame)
  return entries.flatMap(([key, item], index) => {
    const own = inside(frame, item, named(block.program, [item, key]))
    const place = { index, key, first: index === 0, last: index === entries.length - 1 }
    return textsOf(block.program, { ...own, data: { ...frame.data, ...place } })
  })
}

function entriesOf(value: unknown): readonly (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return value.map((item: unknown, index) => [index, item] as const)
  if (value === null || value === undefined) return []
  if (typeof value === 'object' && !(value instanceof Secret)) return Object.entries(value)
  throw new Error('{{#each}} needs a list or a map')
}

const inside = (frame: Frame, value: unknown, names: Frame['names']): Frame => ({
  ...frame,
  contexts: value === frame.contexts.at(-1) ? frame.contexts : [...frame.contexts, value],
  names: { ...frame.names, ...names },
})

const named = (program: Program | undefined, values: readonly unknown[]): Frame['names'] =>
  Object.fromEntries((program?.blockParams ?? []).map((name, index) => [name, values[index]]))

/** What a condition takes for nothing. */
function isEmpty(value: unknown): boolean {
  const plain = value instanceof Secret ? value.reveal() : value
  return (!plain && plain !== 0) || (Array.isArray(plain) && plain.length === 0)
}

/** The value of `{{ name }}` or of `{{ helper a b }}`. */
function valueOf(call: Call, frame: Frame): unknown {
  if (!isCall(call)) return expression(call.path, frame)
  const name = call.path.type === 'PathExpression' ? call.path.original : ''
  const inner = LENIENT.has(name) ? { ...frame, lenient: true } : frame
  const given = call.params.map((param) => expression(param, inner))
  return placed(call, frame, () => {
    if (name === 'lookup') return lookup(given[0], given[1])
    return HELPERS[name]?.(...given)
  })
}

function expression(node: Expression, frame: Frame): unknown {
  switch (node.type) {
    case 'PathExpression':
      return pathOf(node, frame)
    case 'SubExpression':
      return valueOf(node, frame)
    case 'UndefinedLiteral':
      return undefined
    case 'NullLiteral':
      return null
    default:
      return node.value
  }
}

const isOwn = (value: unknown, key: string): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !(value instanceof Secret) && Object.hasOwn(value, key)

function lookup(value: unknown, key: unknown): unknown {
  const name = key instanceof Secret ? key.reveal() : String(key)
  return isOwn(value, name) ? value[name] : undefined
}

function pathOf(path: PathExpression, frame: Frame): unknown {
  const start = startOf(path, frame)
  let value = start.value
  for (const key of start.rest) {
    if (!isOwn(value, key)) return frame.lenient ? undefined : missing(path, frame)
    value = value[key]
  }
  return value
}

function startOf(
  path: PathExpression,
  frame: Frame,
): { readonly value: unknown; readonly rest: readonly string[] } {
  const [first = '', ...rest] = path.parts
  if (path.data) return { value: frame.data, rest: path.parts }
  const isScoped = /^\.?\.?\/|^this\b/.test(path.original)
  if (path.depth === 0 && !isScoped && Object.hasOwn(frame.names, first))
    return { value: frame.names[first], rest }
  return { value: frame.contexts.at(-1 - path.depth), rest: path.parts }
}

function missing(path: PathExpression, frame: Frame): never {
  const context = frame.contexts.at(-1 - path.depth)
  const names =
    typeof context === 'object' && context !== null && !(context instanceof Secret)
      ? Object.keys(context)
      : []
  const known = [...names, ...Object.keys(frame.names)]
  const at = placeIn(frame.origin, path.loc.start)
  throw new UndefinedVariable(path.original, path.parts[0] ?? '', known, at)
}
