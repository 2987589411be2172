import { problem, HactlError } from '../../diag/diagnostic.ts'
import { childrenOf, element } from './xml.ts'
import type { XmlElement } from './xml.ts'
import { idFrom } from './patch.ts'

const COMPARE = new Set(['lt', 'gt', 'lte', 'gte', 'eq', 'ne'])
const bad = (text: string): never => {
  throw new HactlError(
    problem('pcs/rule', `the rule "${text}" cannot be read`, {
      hint: 'write ATTRIBUTE eq|ne|lt|gt|lte|gte VALUE or defined|not_defined ATTRIBUTE, joined by only "and" or only "or"',
    }),
  )
}

interface Expression {
  readonly attribute: string
  readonly operation: string
  readonly value?: string
}

const expression = (words: readonly string[], text: string): Expression => {
  const [first = '', second = '', third] = words
  if (words.length === 2 && (first === 'defined' || first === 'not_defined')) {
    return { attribute: second, operation: first }
  }
  if (words.length !== 3 || third === undefined || !COMPARE.has(second)) return bad(text)
  return { attribute: first, operation: second, value: third }
}

/** A rule as pcs writes it, e.g. `pgsql-status ne PRI and pgsql-status ne HS:sync`. Throws `pcs/rule`. */
export const parseRule = (
  text: string,
): { readonly join: string; readonly expressions: readonly Expression[] } => {
  const words = text.trim().split(/\s+/)
  const joins = new Set(words.filter((word) => word === 'and' || word === 'or'))
  if (joins.size > 1) bad(text)
  const parts: string[][] = [[]]
  for (const word of words) {
    if (word === 'and' || word === 'or') parts.push([])
    else parts.at(-1)?.push(word)
  }
  return { join: [...joins][0] ?? 'and', expressions: parts.map((part) => expression(part, text)) }
}

const write = ({ attribute, operation, value }: Expression): string =>
  value === undefined ? `${operation} ${attribute}` : `${attribute} ${operation} ${value}`

/** The same rule in one spelling: one space between words. */
export const normalRule = (text: string): string => {
  const { join, expressions } = parseRule(text)
  return expressions.map(write).join(` ${join} `)
}

/** The text of a `<rule>`; undefined when it holds more than plain expressions (dates, rules in rules). */
export const ruleText = (rule: XmlElement): string | undefined => {
  if (rule.children.length === 0 || rule.children.some(({ name }) => name !== 'expression')) return undefined
  const join = rule.attrs['boolean-op'] ?? 'and'
  const texts = childrenOf(rule, 'expression').map(({ attrs }) =>
    write({
      attribute: attrs['attribute'] ?? '',
      operation: attrs['operation'] ?? '',
      ...(attrs['value'] !== undefined && { value: attrs['value'] }),
    }),
  )
  return texts.join(` ${join} `)
}

/** The `<rule>` element of a text. */
export const ruleElement = (
  id: string,
  text: string,
  attrs: Readonly<Record<string, string | undefined>>,
) => {
  const { join, expressions } = parseRule(text)
  const children = expressions.map((each, index) =>
    element('expression', {
      id: idFrom(id, `expr-${index}`),
      attribute: each.attribute,
      operation: each.operation,
      value: each.value,
    }),
  )
  return element('rule', { id, 'boolean-op': join, ...attrs }, children)
}
