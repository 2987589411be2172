import {
  type Document,
  LineCounter,
  type Node,
  type Pair,
  type ScalarTag,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
} from 'yaml'
import type { Diagnostic, Span } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { keyName, scanDocument, syntaxProblem, tooDeep, vaultProblem } from './yaml-problems.ts'

/** Keys and list indexes from the root of a document to a value. */
export type Path = readonly (string | number)[]

/** Finds the text of a key or value; of the nearest parent that exists when the path does not. */
export type Where = (path: Path, part?: 'key' | 'value') => Span

export interface YamlFile {
  readonly file: string
  /** Plain data with anchors and merge keys resolved; undefined when the text has an error. */
  readonly data: unknown
  readonly diagnostics: readonly Diagnostic[]
  readonly where: Where
  /** The span of a piece of the text, as offsets: for positions inside a string. */
  readonly span: (from: number, to: number) => Span
}

/** A text that is taken as it is, whatever stands in it: `!unsafe "{{ no template"`. Texts without `{{`, `{%` and `{#` are plain. */
export class Literal {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const UNSAFE: ScalarTag = {
  tag: '!unsafe',
  resolve: (text) => (/\{[{%#]/.test(text) ? new Literal(text) : text),
}

export interface YamlOptions {
  /** Ansible's tag `!unsafe` is understood: see Literal. */
  readonly unsafe?: boolean
  /** Every scalar is the text as it is written: no numbers, no booleans. */
  readonly texts?: boolean
}

/**
 * Parses one YAML 1.2 document. Syntax errors, tabs, duplicate keys, second documents, and plain scalars that Ansible
 * (YAML 1.1) reads as another value are diagnostics with positions; nothing is thrown.
 */
export function parseYaml(text: string, file: string, options: YamlOptions = {}): YamlFile {
  const lines = new LineCounter()
  const span = (from: number, to: number): Span => makeSpan(file, lines, from, to)
  const vault = vaultProblem(text, file)
  if (vault)
    return { file, data: undefined, diagnostics: [vault], where: () => ({ file, line: 1, col: 1 }), span }
  try {
    return readDocument(text, { file, options, lines, span })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const at = { file, line: 1, col: 1 }
    return { file, data: undefined, diagnostics: [tooDeep(at)], where: () => at, span }
  }
}

interface Reading {
  readonly file: string
  readonly options: YamlOptions
  readonly lines: LineCounter
  readonly span: (from: number, to: number) => Span
}

function readDocument(text: string, { file, options, lines, span }: Reading): YamlFile {
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
    ...(options.texts === true && { schema: 'failsafe' as const }),
    ...(options.unsafe === true && { customTags: [UNSAFE] }),
  })
  const where: Where = (path, part = 'value') => {
    const range = findRange(document, path, part)
    return span(range[0], range[1])
  }
  const syntax = [...document.errors, ...document.warnings].map((error) => syntaxProblem(error, text, span))
  const found = syntax.length > 0 ? syntax.slice(0, 1) : scanDocument(document, span, options.texts !== true)
  const isBroken = syntax.length > 0 || found.some(({ code }) => FATAL.includes(code))
  if (isBroken) return { file, data: undefined, diagnostics: found, where, span }
  try {
    return { file, data: document.toJS({ maxAliasCount: 1000 }), diagnostics: found, where, span }
  } catch (error) {
    if (error instanceof RangeError) throw error
    // Only aliases fail here: an unknown one was found by the scan, else they multiply beyond reason.
    const summary = 'aliases of aliases make this file grow without end'
    const hint = 'write the values out, or use fewer anchors'
    const diagnostics = found.length > 0 ? found : [problem('yaml/alias', summary, { at: span(0, 0), hint })]
    return { file, data: undefined, diagnostics, where, span }
  }
}

/** Problems after which the data would never end. */
const FATAL: readonly string[] = ['yaml/alias-circle', 'yaml/too-deep']

function makeSpan(file: string, lines: LineCounter, from: number, to: number): Span {
  const start = lines.linePos(from)
  const end = lines.linePos(Math.max(from, to))
  const at = { file, line: Math.max(1, start.line), col: Math.max(1, start.col) }
  return end.line === start.line && end.col > start.col ? { ...at, endCol: end.col } : at
}

type Range = readonly [number, number]

/** The range of the deepest node of the path that exists; a block collection is shown by its key. */
function findRange(document: Document.Parsed, path: Path, part: 'key' | 'value'): Range {
  let node: unknown = document.contents
  let last: Range = startOf(node)
  for (const [index, step] of path.entries()) {
    const found = child(document, node, step)
    if (!found) return last
    const isLast = index === path.length - 1
    last = isLast && part === 'value' ? valueRange(found) : keyRange(found)
    node = found.value
  }
  return last
}

interface Child {
  readonly key?: Node
  readonly value: unknown
}

function child(document: Document.Parsed, parent: unknown, step: string | number): Child | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent
  if (isSeq(node)) {
    const value = node.items[Number(step)]
    return value === undefined ? undefined : { value }
  }
  if (!isMap(node)) return undefined
  const own = node.items.find((pair) => keyText(pair) === String(step))
  if (own) return { ...(isNode(own.key) && { key: own.key }), value: own.value }
  for (const pair of node.items) {
    if (keyText(pair) !== '<<') continue
    const merged = isSeq(pair.value) ? pair.value.items : [pair.value]
    for (const source of merged) {
      const found = child(document, source, step)
      if (found) return found
    }
  }
  return undefined
}

const keyText = (pair: unknown): string | undefined =>
  isPair(pair) ? (isScalar(pair.key) ? keyName(pair.key) : String((pair as Pair).key)) : undefined

const rangeOf = (node: unknown): Range | undefined =>
  isNode(node) && node.range ? [node.range[0], node.range[1]] : undefined

const startOf = (node: unknown): Range => {
  const range = rangeOf(node)
  return range ? [range[0], range[0]] : [0, 0]
}

const keyRange = ({ key, value }: Child): Range => rangeOf(key) ?? rangeOf(value) ?? [0, 0]

/** A block map or list would point at its first line; its key says more. An empty value has no text either. */
function valueRange({ key, value }: Child): Range {
  const range = rangeOf(value)
  const isBlock = (isMap(value) || isSeq(value)) && value.flow !== true
  const isEmpty = range !== undefined && range[0] === range[1]
  return (isBlock || isEmpty || !range ? rangeOf(key) : range) ?? range ?? [0, 0]
}
