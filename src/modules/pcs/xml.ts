import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'

/** One element of an XML document. Text between elements that is only white space is dropped. */
export interface XmlElement {
  readonly name: string
  readonly attrs: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  readonly text: string
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const NAME = /[A-Za-z_:][\w:.-]*/y
const SPACE = /\s+/y

const decode = (text: string, at: number): string =>
  text.replaceAll(/&([^;\s]*);?/g, (whole, name: string, offset: number) => {
    const numeric = /^#(?:x([0-9a-fA-F]+)|(\d+))$/.exec(name)
    const code = numeric ? Number.parseInt(numeric[1] ?? numeric[2] ?? '', numeric[1] ? 16 : 10) : 0
    if (numeric && code > 0 && code <= 0x10ffff) return String.fromCodePoint(code)
    const known = whole.endsWith(';') ? ENTITIES[name] : undefined
    if (known === undefined) return fail(at + offset, `unknown entity "${whole}"`)
    return known
  })

const fail = (at: number, what: string): never => {
  throw new HactlError(
    problem('xml/syntax', `XML is not well-formed at character ${at}: ${what}`),
    EXIT.failed,
  )
}

/** Where the scanner stands. Every function below reads forward from `at`. */
interface Cursor {
  readonly text: string
  at: number
}

const take = (cursor: Cursor, pattern: RegExp): string | undefined => {
  pattern.lastIndex = cursor.at
  const found = pattern.exec(cursor.text)?.[0]
  if (found !== undefined) cursor.at += found.length
  return found
}

const expect = (cursor: Cursor, literal: string): void => {
  if (!cursor.text.startsWith(literal, cursor.at)) fail(cursor.at, `"${literal}" expected`)
  cursor.at += literal.length
}

const skipTo = (cursor: Cursor, end: string): void => {
  const found = cursor.text.indexOf(end, cursor.at)
  if (found < 0) fail(cursor.at, `"${end}" is missing`)
  cursor.at = found + end.length
}

/** Skips white space, comments, processing instructions and a DOCTYPE without declarations of its own. */
const skipMisc = (cursor: Cursor): void => {
  for (;;) {
    if (take(cursor, SPACE) !== undefined) continue
    if (cursor.text.startsWith('<!--', cursor.at)) skipTo(cursor, '-->')
    else if (cursor.text.startsWith('<?', cursor.at)) skipTo(cursor, '?>')
    else if (take(cursor, /<!DOCTYPE [^[<>]*>/y) === undefined) return
  }
}

const readAttrs = (cursor: Cursor): Record<string, string> => {
  const attrs: Record<string, string> = {}
  while (take(cursor, SPACE) !== undefined) {
    const name = take(cursor, NAME)
    if (name === undefined) break
    if (Object.hasOwn(attrs, name)) fail(cursor.at, `attribute "${name}" is given twice`)
    expect(cursor, '=')
    const quote = cursor.text[cursor.at]
    if (quote !== '"' && quote !== "'") return fail(cursor.at, `the value of "${name}" is not quoted`)
    const start = cursor.at + 1
    cursor.at = start
    skipTo(cursor, quote)
    const value = cursor.text.slice(start, cursor.at - 1)
    if (value.includes('<')) fail(start, `"<" in the value of "${name}"`)
    attrs[name] = decode(value, start)
  }
  return attrs
}

const readContent = (cursor: Cursor): { children: XmlElement[]; text: string } => {
  const children: XmlElement[] = []
  let text = ''
  for (;;) {
    const next = cursor.text.indexOf('<', cursor.at)
    if (next < 0) return fail(cursor.at, 'the document ends inside an element')
    text += decode(cursor.text.slice(cursor.at, next), cursor.at)
    cursor.at = next
    if (cursor.text.startsWith('</', next)) return { children, text: text.trim() === '' ? '' : text }
    if (cursor.text.startsWith('<!--', next)) skipTo(cursor, '-->')
    else if (cursor.text.startsWith('<![CDATA[', next)) {
      skipTo(cursor, ']]>')
      text += cursor.text.slice(next + 9, cursor.at - 3)
    } else if (cursor.text.startsWith('<?', next)) skipTo(cursor, '?>')
    else children.push(readElement(cursor))
  }
}

const readElement = (cursor: Cursor): XmlElement => {
  expect(cursor, '<')
  const name = take(cursor, NAME) ?? fail(cursor.at, 'the name of an element expected')
  const attrs = readAttrs(cursor)
  if (cursor.text.startsWith('/>', cursor.at)) {
    cursor.at += 2
    return { name, attrs, children: [], text: '' }
  }
  expect(cursor, '>')
  const content = readContent(cursor)
  expect(cursor, `</${name}`)
  take(cursor, SPACE)
  expect(cursor, '>')
  return { name, attrs, ...content }
}

/**
 * Reads the XML that cibadmin and crm_mon print: elements, attributes, text, comments, CDATA, the five
 * named entities and character references; no DTD, no namespaces. Throws `xml/syntax` on anything else.
 */
export const parseXml = (text: string): XmlElement => {
  const cursor: Cursor = { text: text.replace(/^\uFEFF/, ''), at: 0 }
  skipMisc(cursor)
  const root = readElement(cursor)
  skipMisc(cursor)
  if (cursor.at < cursor.text.length) fail(cursor.at, 'text after the last element')
  return root
}

const escape = (text: string): string =>
  text.replaceAll(/[<>&"\u0000-\u001f]/g, (char) => {
    const name = Object.entries(ENTITIES).find(([, plain]) => plain === char)?.[0]
    return name ? `&${name};` : `&#${char.charCodeAt(0)};`
  })

/** Writes an element on one line; `parseXml` gives it back equal. */
export const writeXml = ({ name, attrs, children, text }: XmlElement): string => {
  const head = `<${name}${Object.entries(attrs)
    .map(([key, value]) => ` ${key}="${escape(value)}"`)
    .join('')}`
  const body = escape(text) + children.map(writeXml).join('')
  return body === '' ? `${head}/>` : `${head}>${body}</${name}>`
}

/** An element made in code; attributes that are undefined are left out. */
export const element = (
  name: string,
  attrs: Readonly<Record<string, string | undefined>>,
  children: readonly XmlElement[] = [],
): XmlElement => ({
  name,
  attrs: Object.fromEntries(Object.entries(attrs).filter(([, v]) => v !== undefined)) as Record<
    string,
    string
  >,
  children,
  text: '',
})

/** The child elements of that name; of any name when none is given. */
export const childrenOf = (parent: XmlElement | undefined, name?: string): readonly XmlElement[] =>
  parent?.children.filter((child) => name === undefined || child.name === name) ?? []

/** The first child of that name. */
export const childOf = (parent: XmlElement | undefined, name: string): XmlElement | undefined =>
  parent?.children.find((child) => child.name === name)

/** All elements of that name at any depth, the root included, in document order. */
export const descendants = (root: XmlElement, name: string): readonly XmlElement[] => [
  ...(root.name === name ? [root] : []),
  ...root.children.flatMap((child) => descendants(child, name)),
]
