import { type Alias, type Document, type YAMLError, isCollection, isMap, isPair, isScalar, visit } from 'yaml'
import type { Scalar, YAMLMap } from 'yaml'
import type { Diagnostic, Span } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { scalarProblem } from './yaml-scalars.ts'
import { isSecretName, isSecretPlace } from '../lib/secret-names.ts'

type ToSpan = (from: number, to: number) => Span

interface Advice {
  readonly code: string
  readonly summary: string
  readonly hint: string
}

const ADVICE: Readonly<Record<string, Advice>> = {
  TAB_AS_INDENT: {
    code: 'yaml/tab',
    summary: 'a tab is used as indentation',
    hint: 'indent with spaces: YAML does not allow tabs',
  },
  MULTIPLE_DOCS: {
    code: 'yaml/many-documents',
    summary: 'the file holds more than one YAML document',
    hint: 'remove the "---" line and what belongs elsewhere; one file is one document',
  },
  BAD_INDENT: {
    code: 'yaml/indent',
    summary: 'the indentation fits no line above',
    hint: 'align this line with the other keys of its map, or close the quote or bracket above it',
  },
  MISSING_CHAR: {
    code: 'yaml/missing-colon',
    summary: 'this text is a key without ": " after it',
    hint: 'write "key: value" on one line, with a space after the colon',
  },
  MULTILINE_IMPLICIT_KEY: {
    code: 'yaml/missing-colon',
    summary: 'this text is a key without ": " after it, or a value in the wrong column',
    hint: 'write "key: value" on one line, with a space after the colon',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    code: 'yaml/nested-colon',
    summary: 'a second ": " inside a value',
    hint: 'quote the value ("a: b"), or put the nested keys on indented lines of their own',
  },
  BLOCK_IN_FLOW: {
    code: 'yaml/block-in-brackets',
    summary: 'an indented block inside { } or [ ]',
    hint: 'write the whole value in brackets, or the whole value as an indented block',
  },
  BAD_SCALAR_START: {
    code: 'yaml/bad-start',
    summary: 'a plain value cannot begin with this character',
    hint: 'quote the value: "@…", "`…", "%…"',
  },
  BAD_DQ_ESCAPE: {
    code: 'yaml/escape',
    summary: 'unknown escape in a "double-quoted" text',
    hint: "write \\\\ for a backslash, or use 'single quotes'",
  },
}

/** Where an error is; at the end of the text when the parser says it is behind it. */
function placeOf(error: YAMLError, text: string, span: ToSpan): Span {
  const end = text.trimEnd().length
  // Wrong indentation is reported at the end of the line before it.
  const blank = /^\s*\n\s*/.exec(text.slice(error.pos[0]))?.[0].length ?? 0
  const from = error.code === 'BAD_INDENT' ? error.pos[0] + blank : error.pos[0]
  return from > end ? span(Math.max(0, end - 1), end) : span(from, Math.max(from + 1, error.pos[1]))
}

/** One syntax error or warning of the parser, in our words where the parser's are about YAML's insides. */
export function syntaxProblem(error: YAMLError, text: string, span: ToSpan): Diagnostic {
  const at = placeOf(error, text, span)
  const unclosed = unclosedProblem(error.message, at)
  if (unclosed) return unclosed
  const isHidden = isSecretPlace(text.split('\n'), at.line - 1, at.col - 1)
  if (error.code === 'TAG_RESOLVE_FAILED')
    return tagProblem(text.slice(error.pos[0], error.pos[1]), at, isHidden)
  const template = bareTemplate(error.pos[0], text, span)
  if (template) return template
  // The parser reports a tab in several ways; the text itself is the better witness.
  const lineStart = text.lastIndexOf('\n', error.pos[0] - 1) + 1
  const isTab = /^ *\t/.test(text.slice(lineStart))
  const advice = ADVICE[isTab ? 'TAB_AS_INDENT' : error.code]
  // The parser takes the end of its own stack for an error of the text.
  if (/call stack/i.test(error.message)) return tooDeep(at)
  if (advice) return problem(advice.code, advice.summary, { at, hint: advice.hint })
  // The parser's own words may repeat what stands there.
  const summary = isHidden ? 'this value is no YAML' : lowerFirst(error.message)
  return problem('yaml/syntax', summary, { at, ...(isHidden && { hint: QUOTE }) })
}

/** `{ a: x-{{ y }} }`: to YAML the braces end the text; the parser's words say nothing of a template. */
function bareTemplate(pos: number, text: string, span: ToSpan): Diagnostic | undefined {
  const start = text.lastIndexOf('\n', pos - 1) + 1
  const end = text.indexOf('\n', pos)
  const line = text.slice(start, end < 0 ? undefined : end).slice(0, 2000)
  const before = line.lastIndexOf('{{', pos - start + 1)
  if (before < 0 || pos - start - before > 200) return undefined
  const head = line.slice(0, before)
  const isQuoted = (head.match(/"/g)?.length ?? 0) % 2 === 1 || (head.match(/'/g)?.length ?? 0) % 2 === 1
  if (isQuoted) return undefined
  const at = span(start + before, start + before + 2)
  const hint = 'quote the whole value: "text-{{ name }}"'
  const summary = 'a {{ … }} inside brackets must be quoted'
  return problem('yaml/unquoted-template', summary, { at, hint })
}

function unclosedProblem(message: string, at: Span): Diagnostic | undefined {
  const mark = /end with an? ([\]}])|closing (["'])/.exec(message)
  if (!mark) return undefined
  const what = mark[1] ?? mark[2] ?? ''
  const hint = `close it before this place: add ${what}`
  return problem('yaml/unclosed', `a bracket or quote is not closed: ${what} is missing`, { at, hint })
}

const QUOTE = "put the value in 'single quotes'"
const OTHER_WAY =
  'move the value to secrets.age.yml (`hactl secrets edit`) and refer to it as "{{ secrets.NAME }}"'

function tagProblem(tag: string, at: Span, isHidden: boolean): Diagnostic {
  if (tag.startsWith('!vault')) {
    return problem('yaml/vault', 'an Ansible Vault value: hactl does not read these', { at, hint: OTHER_WAY })
  }
  if (isHidden) return problem('yaml/tag', 'a plain value cannot begin with "!"', { at, hint: QUOTE })
  const hint = `remove the tag, or put the value in 'single quotes' when it begins with "!"`
  return problem('yaml/tag', `the tag ${tag.split(/\s/)[0]} is not known`, { at, hint })
}

/** A whole file that ansible-vault has encrypted. */
export function vaultProblem(text: string, file: string): Diagnostic | undefined {
  if (!/^\uFEFF?\s*\$ANSIBLE_VAULT;/.test(text)) return undefined
  const hint =
    `\`ansible-vault view ${file}\` shows what is in it: put the secrets into secrets.age.yml ` +
    '(`hactl secrets edit`), refer to them as "{{ secrets.NAME }}", and write the rest here as plain YAML'
  const summary = `${file} is encrypted by ansible-vault: hactl does not read these`
  return problem('yaml/vault', summary, { at: { file, line: 1, col: 1 }, hint })
}

/** A file whose values are nested beyond what anything here can follow. */
export const tooDeep = (at: Span): Diagnostic =>
  problem('yaml/too-deep', `values are nested more than ${MOST_LEVELS} levels deep`, {
    at,
    hint: 'write the value flatter',
  })

/** A sentence that goes on after a colon. */
export const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

/** More than any inventory or playbook has; less than what a call stack bears. */
const MOST_LEVELS = 100

type Way = readonly unknown[]

/** Whether a node lies below a key that names a secret. */
const isBelowSecret = (way: Way): boolean =>
  way.some((node) => isPair(node) && isScalar(node.key) && isSecretName(node.key.value))

/** The variable a scalar belongs to: the key right above it. */
const keyAbove = (way: Way): string => {
  const last = way.at(-1)
  return isPair(last) && isScalar(last.key) ? String(last.key.value) : ''
}

/** Problems of a document that parses: duplicate keys, unknown aliases, values that YAML 1.1 reads otherwise. */
export function scanDocument(document: Document.Parsed, span: ToSpan, typed: boolean): Diagnostic[] {
  const found: Diagnostic[] = []
  const say = (diagnostic: Diagnostic | undefined): void => {
    if (diagnostic) found.push(diagnostic)
  }
  visit(document, {
    Collection: (_, node, way) => {
      if (way.filter(isCollection).length <= MOST_LEVELS) return undefined
      say(tooDeep(span(node.range?.[0] ?? 0, node.range?.[0] ?? 0)))
      return visit.BREAK
    },
    Scalar: (_, scalar, way) =>
      say(
        typed ? scalarProblem(scalar, span, { isHidden: isBelowSecret(way), key: keyAbove(way) }) : undefined,
      ),
    Alias: (_, alias, way) => say(aliasProblem(document, alias, way, span)),
  })
  if (found.some(({ code }) => code === 'yaml/too-deep')) return found
  visit(document, {
    Map: (_, map) => {
      found.push(...duplicateKeys(map, span), ...templateAsMap(map, span))
    },
  })
  return found
}

function aliasProblem(
  document: Document.Parsed,
  alias: Alias,
  way: Way,
  span: ToSpan,
): Diagnostic | undefined {
  const target = alias.resolve(document)
  const at = span(alias.range?.[0] ?? 0, alias.range?.[1] ?? 0)
  if (target && way.includes(target)) {
    const summary = `the value of the anchor "${alias.source}" contains itself`
    return problem('yaml/alias-circle', summary, { at, hint: `write a value in place of *${alias.source}` })
  }
  if (target) return undefined
  if (isBelowSecret(way)) {
    const summary = 'a plain value cannot begin with "*": that is an alias, and its anchor is nowhere above'
    return problem('yaml/alias', summary, { at, hint: QUOTE })
  }
  const hint = `write "&${alias.source}" before the value it stands for, above this line`
  return problem('yaml/alias', `no anchor called "${alias.source}"`, { at, hint })
}

/** A key as text; the merge key `<<` is a symbol to the parser. */
export const keyName = ({ value }: Scalar): string =>
  typeof value === 'symbol' ? (value.description ?? '') : String(value)

function duplicateKeys(map: YAMLMap, span: ToSpan): Diagnostic[] {
  const first = new Map<string, Span>()
  const found: Diagnostic[] = []
  for (const { key } of map.items) {
    if (!isScalar(key) || !key.range) continue
    const name = keyName(key)
    if (name === '<<') continue
    const at = span(key.range[0], key.range[1])
    const earlier = first.get(name)
    if (!earlier) {
      first.set(name, at)
      continue
    }
    const hint = 'keep one of the two; merge what they hold'
    const summary = `the key "${name}" is written twice in one map (first on line ${earlier.line})`
    found.push(problem('yaml/duplicate-key', summary, { at, hint }))
  }
  return found
}

/** `port: {{ x }}` without quotes is a map whose key is a map: the classic slip of playbook authors. */
function templateAsMap(map: YAMLMap, span: ToSpan): Diagnostic[] {
  const inner = map.items[0]?.key
  if (map.flow !== true || !isMap(inner) || inner.flow !== true || !map.range) return []
  const at = span(map.range[0], map.range[1])
  const hint = 'quote the template: "{{ name }}"'
  return [
    problem('yaml/unquoted-template', 'an unquoted {{ … }} is a map to YAML, not a template', { at, hint }),
  ]
}
