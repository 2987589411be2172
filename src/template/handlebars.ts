import { createRequire } from 'node:module'
import type Handlebars from 'handlebars'
import { HactlError, problem, type Span } from '../diag/diagnostic.ts'
import { UndefinedVariable } from './errors.ts'
import { HELPERS } from './helpers.ts'
import type { Sealer } from './seal.ts'
import { makeStrict } from './strict.ts'

const WHOLE = /^\s*\{\{(?![#/^>!{])([^{}]*)\}\}\s*$/

interface Compiled {
  readonly run: (context: unknown) => string
  readonly whole: boolean
  /** The variables it names, to tell which one was missing. */
  readonly paths: readonly (readonly string[])[]
}

const shift = (origin: Span | undefined, line: number, col: number): Span | undefined =>
  origin && { file: origin.file, line: origin.line + line - 1, col: line === 1 ? origin.col + col : col + 1 }

function syntaxError(error: unknown, origin: Span | undefined): HactlError {
  const message = error instanceof Error ? error.message : String(error)
  const line = Number(/line (\d+)/.exec(message)?.[1] ?? 1)
  const reason = message.split('\n').at(-1) ?? message
  const at = shift(origin, line, 0)
  return new HactlError(
    problem('template/syntax', `this template cannot be parsed: ${reason}`, {
      ...(at && { at }),
      hint: 'a value looks like {{ name }}, a block like {{#if x}} … {{/if}}; write \\{{ for a plain "{{"',
    }),
  )
}

const exists = (context: unknown, path: readonly string[]): boolean => {
  let value = context
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !(key in value)) return false
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return true
}

function runtimeError(
  error: unknown,
  context: unknown,
  paths: Compiled['paths'],
  origin: Span | undefined,
): unknown {
  if (!(error instanceof Error) || error instanceof HactlError) return error
  const { lineNumber, column } = error as { lineNumber?: number; column?: number }
  const at = shift(origin, lineNumber ?? 1, column ?? 0) ?? origin
  if (/^"([^"]+)" not defined in|reading '([^']+)'/.test(error.message)) {
    const path = paths.find((each) => !exists(context, each)) ?? paths[0] ?? []
    return new UndefinedVariable(path.join('.'), path[0] ?? '', Object.keys(context as object), at)
  }
  return new HactlError(
    problem('template/failed', error.message.split(' - ')[0] ?? '', { ...(at && { at }) }),
  )
}

/** Renders one text that needs more than plain variables. */
export type Render = (text: string, scope: object, origin: Span | undefined) => unknown

/** Makes the full template engine. Loaded on first use: most texts do without. */
export function createHandlebars(sealer: Sealer): Render {
  const load = createRequire(import.meta.url)
  const hbs = (load('handlebars') as typeof Handlebars).create()
  const cache = new Map<string, Compiled>()
  let captured: unknown
  for (const [name, helper] of Object.entries(HELPERS)) {
    hbs.registerHelper(name, (...args: unknown[]) =>
      sealer.seal(helper(...args.map((arg) => sealer.unseal(arg)))),
    )
  }
  // Wraps a whole expression, so that its value is caught before Handlebars turns it into text.
  hbs.registerHelper('hactl_value', (value: unknown) => {
    captured = value
    return ''
  })

  const compile = (text: string, origin: Span | undefined): Compiled => {
    const known = cache.get(text)
    if (known) return known
    const inner = WHOLE.exec(text)?.[1]?.trim()
    const source = inner === undefined ? text : `{{hactl_value ${wrap(inner)}}}`
    try {
      const ast = hbs.parse(source)
      const paths = makeStrict(ast)
      const run = hbs.compile(ast, { strict: true, noEscape: true })
      const compiled = { run, whole: inner !== undefined, paths }
      cache.set(text, compiled)
      return compiled
    } catch (error) {
      throw syntaxError(error, origin)
    }
  }

  return (text, scope, origin) => {
    const { run, whole, paths } = compile(text, origin)
    const context = sealer.seal(scope)
    captured = undefined
    try {
      const rendered = run(context)
      return whole ? sealer.unsealAll(captured) : sealer.unseal(rendered)
    } catch (error) {
      throw runtimeError(error, context, paths, origin)
    }
  }
}

/** `a.b` stays a path; `helper x y` becomes a subexpression. */
const wrap = (expression: string): string =>
  /^[^\s()]+$/.test(expression) || /^("[^"]*"|'[^']*')$/.test(expression) ? expression : `(${expression})`
