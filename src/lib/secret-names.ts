import { MASK } from './secret.ts'
import { suggest } from './suggest.ts'

const SECRET = /pass|secret|token|credential|vault|pwd|(?:private|api|access)_?key|(?:^|[_-])(?:pw|key)$/i
/** `password_encryption`, `ansible_ssh_private_key_file`: about a secret, and none. */
const ABOUT = /(?:files?|paths?|dir|encryption|user|username|name|length|method|timeout)$/i

/** Whether a value of this name may be a secret, so that no message may repeat it. */
export const isSecretName = (name: unknown): boolean =>
  typeof name === 'string' && !ABOUT.test(name) && (SECRET.test(name) || isSlip(name))

/** `pasword`: a slip of the name makes the value no less secret. */
const isSlip = (name: string): boolean =>
  name.length < 30 && suggest(name.split(/[_-]/).at(-1) ?? '', ['password', 'passwd', 'secret']) !== undefined

/** Whether a path leads through such a name. */
export const isSecretPath = (path: readonly unknown[]): boolean => path.some(isSecretName)

const KEY =
  /(?:^|[\s{,[?-])(?:"([^"\n]{1,80})"|'([^'\n]{1,80})'|([\w.-]{1,80}))\s{0,20}[:=](?=\s|$|["'{[]|(?<==).)/g
/** A whole value inside braces, without an escape. */
const SIMPLE = /^\s*(?:"[^"\\]*"|'[^']*'|[^\s"'{}[\],!&*|>%@`#][^\s,{}[\]]*)(?=\s*[,}])/
/** A value that only names a secret; any other reference could be a password that looks like one. */
const REFERENCE = /^\s*(["']?)\{\{\s*secrets\.[\w.]+\s*\}\}\1\s*(?:[,}\]#]|$)/

const indentOf = (line: string): number => (/^[\s-]*/.exec(line)?.[0] ?? '').length

/** Where the value of the first secret name on a line begins; a reference is no secret. */
function secretStart(line: string): number | undefined {
  for (const match of line.matchAll(KEY)) {
    const start = match.index + match[0].length
    if (isSecretName(match[1] ?? match[2] ?? match[3]) && !REFERENCE.test(line.slice(start))) return start
  }
  return undefined
}

/** Whether a line goes on with a value that began under a secret name above it: deeper, or in an open quote. */
function isInside(lines: readonly string[], index: number): boolean {
  let deep = indentOf(lines[index] ?? '')
  for (let above = index - 1; above >= 0 && deep > 0; above--) {
    const line = lines[above] ?? ''
    if (line.trim() === '' || indentOf(line) >= deep) continue
    deep = indentOf(line)
    if (secretStart(line) !== undefined) return true
  }
  return isInQuote(lines, index)
}

/** A quote that begins on a line and is not closed before another one. */
function isOpen(rest: string, between: readonly string[]): boolean {
  const quote = /^(?:!\S+\s+)?(["'])/.exec(rest)?.[1]
  if (quote === undefined) return false
  const text = [rest.slice(rest.indexOf(quote) + 1), ...between].join('\n')
  return !new RegExp(quote === '"' ? '(?:^|[^\\\\])(?:\\\\\\\\)*"' : "'").test(text)
}

const FAR = 30

/** Text in a quote may stand at any column: some lines above are looked at. */
function isInQuote(lines: readonly string[], index: number): boolean {
  const from = Math.max(0, index - FAR)
  return lines.slice(from, index).some((line, offset) => {
    const start = secretStart(line)
    return start !== undefined && isOpen(line.slice(start).trim(), lines.slice(from + offset + 1, index))
  })
}

/**
 * One line of a YAML or INI text as a message may show it: the value of a secret name is masked to the end of the line,
 * and so is a line that goes on with one. References such as `{{ secrets.app }}` stay.
 */
export function showLine(lines: readonly string[], index: number): string | undefined {
  const line = lines[index]
  if (line === undefined) return undefined
  if (isInside(lines, index)) return `${/^[\s-]*/.exec(line)?.[0] ?? ''}${MASK}`
  const start = secretStart(line)
  if (start === undefined || line.slice(start).trim() === '') return line
  const head = line.slice(0, start) + (/^\s*/.exec(line.slice(start))?.[0] ?? '') + MASK
  const simple = isInBraces(line.slice(0, start)) ? SIMPLE.exec(line.slice(start)) : null
  if (!simple) return head
  return head + (showLine([line.slice(start + simple[0].length)], 0) ?? '')
}

const isInBraces = (text: string): boolean => text.split('{').length > text.split('}').length

/** Whether a place in a text (line and column count from 0) lies in the value of a secret name. */
export function isSecretPlace(lines: readonly string[], index: number, column: number): boolean {
  const start = secretStart(lines[index] ?? '')
  return (start !== undefined && column >= start) || isInside(lines, index)
}
