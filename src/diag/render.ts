import { readFileSync } from 'node:fs'
import { showLine } from '../lib/secret-names.ts'
import { styled, visibleJson } from '../lib/terminal.ts'
import type { Diagnostic, Span } from './diagnostic.ts'

export interface RenderOptions {
  readonly color?: boolean
  /** The text of a file for the code frame; undefined: no frame. Default: read from disk. */
  readonly source?: (file: string) => string | undefined
  /** Hides secret values in everything that is printed. */
  readonly mask?: (text: string) => string
  /** A sentence after the count, e.g. `Nothing was contacted.` */
  readonly closing?: string
}

type Style = Parameters<typeof styled>[0]
type Paint = (style: Style, text: string) => string

/** All diagnostics as text for people: sorted, each with its code frame, and a line that counts them. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: RenderOptions = {}): string {
  if (diagnostics.length === 0) return ''
  const source = remember(options.source ?? readSource)
  const paint: Paint = options.color === true ? styled : (_, text) => text
  const blocks = sortDiagnostics(diagnostics).map((each) => renderOne(each, source, paint))
  const text = [...blocks, closingLine(diagnostics, options.closing)].join('\n\n')
  return `${options.mask ? options.mask(text) : text}\n`
}

/** Diagnostics as JSON, one object with the same order as the text. */
export const diagnosticsJson = (diagnostics: readonly Diagnostic[]): string =>
  visibleJson(JSON.stringify({ diagnostics: sortDiagnostics(diagnostics) }, undefined, 2))

/** By file and position; those without a position last, in the order they were found. Doubles are dropped. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const unique = new Map(diagnostics.map((each) => [JSON.stringify(each), each]))
  return [...unique.values()].sort((a, b) => {
    if (!a.at || !b.at) return (a.at ? 0 : 1) - (b.at ? 0 : 1)
    if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1
    return a.at.line - b.at.line || a.at.col - b.at.col
  })
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`

function closingLine(diagnostics: readonly Diagnostic[], closing: string | undefined): string {
  const unique = sortDiagnostics(diagnostics)
  const errors = unique.filter((each) => each.severity === 'error').length
  const warnings = unique.length - errors
  const parts = [
    ...(errors > 0 ? [count(errors, 'error')] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ]
  return `${parts.join(', ')}.${closing === undefined ? '' : ` ${closing}`}`
}

const place = ({ file, line, col }: Span): string => `${file}:${line}:${col}`

function renderOne(each: Diagnostic, source: (file: string) => string | undefined, paint: Paint): string {
  const on = [each.on?.host, each.on?.task].filter((part) => part !== undefined).join(' · ')
  const severity = paint(each.severity === 'error' ? 'red' : 'yellow', each.severity)
  const where = on === '' && each.at ? place(each.at) : on
  return [
    `${where === '' ? '' : `${paint('bold', where)} `}${severity} ${each.code}: ${each.summary}`,
    ...(on === '' ? frame(each.at, source, paint) : []),
    ...(each.detail?.split('\n').map((line) => `  ${line}`) ?? []),
    ...(on !== '' && each.at ? [`  from: ${place(each.at)}`] : []),
    ...hint(each.hint, paint),
  ].join('\n')
}

const hint = (text: string | undefined, paint: Paint): string[] => {
  if (text === undefined) return []
  const [first = '', ...rest] = text.split('\n')
  return [`  ${paint('cyan', 'hint:')} ${first}`, ...rest.map((line) => `        ${line}`)]
}

const WIDEST = 160

/** The line with carets under the span; long lines are cut around it, tabs become one space each. */
function frame(at: Span | undefined, source: (file: string) => string | undefined, paint: Paint): string[] {
  if (!at) return []
  const line = showLine(source(at.file)?.split('\n') ?? [], at.line - 1)
    ?.replaceAll('\t', ' ')
    .trimEnd()
  if (line === undefined) return []
  const cut = at.col > WIDEST ? at.col - WIDEST / 2 : 0
  const shown = line.slice(cut, cut + WIDEST)
  const from = Math.min(at.col - 1 - cut, shown.length)
  const length = Math.max(1, Math.min((at.endCol ?? at.col + 1) - at.col, shown.length - from))
  const number = String(at.line).padStart(4)
  const bar = ' '.repeat(number.length)
  return [
    `${paint('dim', `${number} |`)} ${shown}`,
    `${paint('dim', `${bar} |`)} ${' '.repeat(from)}${paint('red', '^'.repeat(length))}`,
  ]
}

function remember(read: (file: string) => string | undefined): (file: string) => string | undefined {
  const known = new Map<string, string | undefined>()
  return (file) => {
    if (!known.has(file)) known.set(file, read(file))
    return known.get(file)
  }
}

/** A file for a code frame; binary and unreadable ones give no frame. */
function readSource(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8')
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}
