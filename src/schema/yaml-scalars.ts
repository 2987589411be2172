import type { Scalar } from 'yaml'
import type { Diagnostic, Span } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'

/** A plain scalar that Ansible (PyYAML, YAML 1.1) and YAML 1.2 read as different values. */
interface Difference {
  readonly code: string
  readonly pattern: RegExp
  readonly ansible: string
  readonly here: (text: string, value: unknown) => string
  readonly hint?: (text: string) => string
}

const quoted = (text: string): string => `quote it: "${text}"`
const aText = (): string => 'a text'
const aNumber = (_: string, value: unknown): string => `the number ${String(value)}`

const DIFFERENCES: readonly Difference[] = [
  {
    code: 'yaml/boolean',
    pattern: /^(?:yes|no|on|off)$/i,
    ansible: 'a boolean',
    here: aText,
    hint: (text) => {
      const meant = /^(?:yes|on)$/i.test(text) ? 'true' : 'false'
      return `write true or false (here: ${meant}), or quote it: "${text}"`
    },
  },
  {
    code: 'yaml/octal',
    pattern: /^[-+]?0[0-7_]+$/,
    ansible: 'an octal number',
    here: (text) => (text.includes('_') ? 'a text' : String(Number(text))),
  },
  {
    code: 'yaml/base-60',
    pattern: /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/,
    ansible: 'a number in base 60',
    here: aText,
  },
  { code: 'yaml/octal', pattern: /^0o[0-7]+$/, ansible: 'a text', here: aNumber },
  { code: 'yaml/binary', pattern: /^[-+]?0b[01_]+$/, ansible: 'a binary number', here: aText },
  { code: 'yaml/hex', pattern: /^[-+]0x[0-9a-fA-F_]+$/, ansible: 'a hexadecimal number', here: aText },
  {
    code: 'yaml/hex',
    pattern: /^0x[0-9a-fA-F]*_[0-9a-fA-F_]*$/,
    ansible: 'a hexadecimal number',
    here: aText,
  },
  {
    code: 'yaml/underscore',
    pattern: /^[-+]?(?=[0-9.]*[0-9]_|[0-9_]*\.)(?=[^_]*_)[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+][0-9]+)?$/,
    ansible: 'a number',
    here: aText,
  },
  {
    code: 'yaml/exponent',
    pattern: /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][0-9]+$|^[-+]?[0-9]+[eE][-+][0-9]+$/,
    ansible: 'a text',
    here: aNumber,
  },
  { code: 'yaml/fraction', pattern: /^[-+]\.[0-9]+$/, ansible: 'a text', here: aNumber },
  {
    code: 'yaml/infinity',
    pattern: /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/,
    ansible: 'a special number, written inf or nan',
    here: aNumber,
  },
  {
    code: 'yaml/timestamp',
    pattern: /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}/,
    ansible: 'a point in time, which it writes in another form',
    here: aText,
  },
]

export interface Around {
  /** The value may be a secret: no message repeats it. */
  readonly isHidden: boolean
  /** The key whose value it is. */
  readonly key: string
}

/** What YAML 1.1 (Ansible) and YAML 1.2 (hactl, editors) read as different values, and numbers that do not fit, are refused. */
export function scalarProblem(
  scalar: Scalar,
  span: (from: number, to: number) => Span,
  { isHidden, key }: Around,
): Diagnostic | undefined {
  const { source: text, value, range } = scalar
  if (scalar.type !== 'PLAIN' || !text || !range) return undefined
  const at = span(range[0], range[1])
  const found = DIFFERENCES.find(({ pattern }) => pattern.test(text))
  // Ansible's own variables take the word as well as the boolean, and so does hactl.
  if (found?.code === 'yaml/boolean' && key.startsWith('ansible_')) return undefined
  if (!found) return typeof value === 'number' ? numberProblem(text, value, at, isHidden) : undefined
  if (isHidden) {
    const summary = `this value is ${found.ansible} to Ansible and something else to YAML 1.2`
    return problem(found.code, summary, { at, hint: 'put it in quotes' })
  }
  const summary = `${text} is ${found.ansible} to Ansible and ${found.here(text, value)} to YAML 1.2`
  return problem(found.code, summary, { at, hint: found.hint?.(text) ?? quoted(text) })
}

const INTEGER = /^[-+]?(?:[0-9]+|0x[0-9a-fA-F]+)$/

function numberProblem(text: string, value: number, at: Span, isHidden: boolean): Diagnostic | undefined {
  const shown = isHidden ? 'this value' : text
  const hint = isHidden ? 'put it in quotes' : quoted(text)
  if (!INTEGER.test(text)) {
    if (!Number.isInteger(value)) return undefined
    const short = isHidden ? 'without its point' : `as ${value}`
    const summary = `${shown} is written ${short} in a text; Ansible writes it with its point`
    return problem('yaml/whole-number', summary, { severity: 'warning', at, hint })
  }
  if (Number.isSafeInteger(value)) return undefined
  const other = isHidden ? 'another number' : String(BigInt(value))
  const summary = `${shown} is too big for a number here: it would become ${other}, while Ansible keeps it`
  return problem('yaml/number-too-big', summary, { at, hint })
}
