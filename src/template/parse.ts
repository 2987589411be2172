import { createRequire } from 'node:module'
import type { Span } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import { fail, placeIn, type TextPlace } from './errors.ts'
import { BLOCKS, HELPERS } from './helpers.ts'
import { jinjaHint, jinjaStatement } from './jinja.ts'
import type { Block, Call, Expression, Program, Statement } from './syntax.ts'

type Parse = (text: string) => Program

let parser: Parse | undefined

/** Only Handlebars' parser: its compiler costs three times as much to load, and is not needed to evaluate. */
const parseWith = (text: string): Program => {
  parser ??= (
    createRequire(import.meta.url)('handlebars/dist/cjs/handlebars/compiler/base') as {
      readonly parse: Parse
    }
  ).parse
  return parser(text)
}

const MOST_CHARACTERS = 1_048_576

/** Handlebars' own calls that are no helpers of ours; `lookup` is evaluated with the paths. */
const CALLS: ReadonlySet<string> = new Set([...Object.keys(HELPERS), 'lookup'])

const isPlainVariable = /^\s*\{\{\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)\s*\}\}\s*$/
const RESERVED = /(?:^|\.)(?:this|true|false|null|undefined|else)(?:\.|$)/

/**
 * The syntax tree of a template. Throws HactlError with the position inside the text, counted from `origin`, for
 * what cannot be parsed, for calls of helpers that do not exist, and for Jinja.
 */
export function parseTemplate(text: string, origin: Span | undefined): Program {
  const simple = onlyVariable(text)
  if (simple) return simple
  if (text.length > MOST_CHARACTERS) fail('template/too-big', 'this template is longer than 1 MiB', origin)
  const statement = jinjaStatement(text)
  if (statement >= 0) jinja(text, placeIn(origin, placeOf(text, statement)))
  if (!text.includes('{{')) return { body: [content(text)] }
  const program = parsed(text, origin)
  checkProgram(program, text, origin)
  return program
}

/** A text that is one variable needs no parser: most are, and loading it costs more than the rest of a short run. */
function onlyVariable(text: string): Program | undefined {
  if (text.length > 200) return undefined
  const name = isPlainVariable.exec(text)?.[1]
  if (name === undefined || RESERVED.test(name)) return undefined
  const start = placeOf(text, text.indexOf(name))
  const loc = { start, end: { line: start.line, column: start.column + name.length } }
  const path = {
    type: 'PathExpression',
    data: false,
    depth: 0,
    parts: name.split('.'),
    original: name,
    loc,
  } as const
  return { body: [{ type: 'MustacheStatement', path, params: [], loc }] }
}

const nowhere = { start: { line: 1, column: 0 }, end: { line: 1, column: 0 } }
const content = (value: string): Statement => ({ type: 'ContentStatement', value, loc: nowhere })

function placeOf(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') - 1 }
}

const jinja = (text: string, at: Span | undefined): never =>
  fail('template/jinja', 'this is Jinja; hactl’s templates are Handlebars', at, jinjaHint(text))

function parsed(text: string, origin: Span | undefined): Program {
  try {
    return parseWith(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const place = errorPlace(error, message, text)
    const at = placeIn(origin, place)
    const line = text.split('\n')[place.line - 1] ?? ''
    if (jinjaHint(line) !== undefined) jinja(line, at)
    const hint =
      'a value looks like {{ name }}, a block like {{#if x}} … {{/if}}; write \\{{ for a plain "{{"'
    return fail('template/syntax', `this template cannot be parsed: ${reasonOf(message)}`, at, hint)
  }
}

/** The parser marks the place with an arrow below a part of the text that ends there. */
function errorPlace(error: unknown, message: string, text: string): TextPlace {
  const { lineNumber, column } = error as { lineNumber?: number; column?: number }
  if (lineNumber !== undefined) return { line: lineNumber, column: column ?? 0 }
  const line = Number(/line (\d+)/.exec(message)?.[1] ?? 1)
  const source = text.split('\n')[line - 1] ?? ''
  return { line, column: Math.max(0, source.indexOf('{{')) }
}

/** What the parser's list of tokens means to a person. */
function reasonOf(message: string): string {
  const [, got] = /got '([A-Z_]+)'/.exec(message) ?? []
  if (got === 'EOF' && /'OPEN_ENDBLOCK'/.test(message)) return 'a block is not closed'
  if (got === 'EOF' || got === 'INVALID')
    return 'a {{ is not closed, or holds a sign that has no meaning here'
  if (got !== undefined) return 'the words between {{ and }} make no expression'
  return (message.split('\n').at(-1) ?? message).replace(/ - \d+:\d+$/, '')
}

function checkProgram(program: Program | undefined, text: string, origin: Span | undefined): void {
  for (const statement of program?.body ?? []) checkStatement(statement, text, origin)
}

function checkStatement(statement: Statement, text: string, origin: Span | undefined): void {
  const at = placeIn(origin, statement.loc.start)
  switch (statement.type) {
    case 'ContentStatement':
    case 'CommentStatement':
      return
    case 'MustacheStatement':
      if (isCall(statement)) checkCall(statement, text, origin)
      return
    case 'BlockStatement':
      return checkBlock(statement, text, origin)
    default:
      fail('template/syntax', 'partials and decorators do not exist here', at, 'write the text itself')
  }
}

function checkBlock(block: Block, text: string, origin: Span | undefined): void {
  const name = nameOf(block.path)
  const at = placeIn(origin, block.path.loc.start)
  if (!BLOCKS.has(name)) {
    const known = [...BLOCKS]
    const close = suggest(name, known)
    const hint = close ? `did you mean "${close}"?` : `blocks: ${known.join(', ')}`
    fail('template/unknown-helper', `there is no block called "${name}"`, at, hint)
  }
  if (block.params.length !== 1)
    fail(
      'template/syntax',
      `{{#${name}}} takes one value`,
      at,
      `write {{#${name} x}}, or {{#${name} (helper x y)}}`,
    )
  checkParams(block, text, origin)
  checkProgram(block.program, text, origin)
  checkProgram(block.inverse, text, origin)
}

/** Whether an expression calls something: a lone name is a variable, also when a helper has the same name. */
export const isCall = (call: Call): boolean => call.params.length > 0 || (call.hash?.pairs.length ?? 0) > 0

const nameOf = (path: Expression): string => (path.type === 'PathExpression' ? path.original : '')

function checkCall(call: Call, text: string, origin: Span | undefined): void {
  const name = nameOf(call.path)
  const at = placeIn(origin, call.path.loc.start)
  if (!CALLS.has(name)) {
    const source = text
      .split('\n')
      .slice(call.loc.start.line - 1, call.loc.end.line)
      .join('\n')
    if (jinjaHint(source) !== undefined) jinja(source, at)
    const close = suggest(name, CALLS)
    const hint = close ? `did you mean "${close}"?` : `helpers: ${[...CALLS].toSorted().join(', ')}`
    fail('template/unknown-helper', `there is no helper called "${name}"`, at, hint)
  }
  checkParams(call, text, origin)
}

function checkParams(call: Call, text: string, origin: Span | undefined): void {
  for (const param of call.params) if (param.type === 'SubExpression') checkCall(param, text, origin)
}
