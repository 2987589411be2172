import { randomBytes } from 'node:crypto'
import { styleText } from 'node:util'

/** What a terminal obeys instead of showing it, what turns or hides text, and what is no character at all. */
const HIDDEN = String.raw`[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]`
const SHOWN = new RegExp(HIDDEN, 'gu')

const NAMES: Readonly<Record<string, string>> = { '\r': String.raw`\r`, '\0': String.raw`\0` }

function name(character: string): string {
  const code = character.charCodeAt(0)
  // A byte that is no UTF-8: see `bytesToText`.
  const byte = code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code
  const hex = byte.toString(16).padStart(2, '0')
  return NAMES[character] ?? (byte <= 0xff ? `\\x${hex}` : `\\u{${hex}}`)
}

/** The text with its control characters shown (`\x1b`, `\r`) instead of sent; line ends and tabs stay. */
export const visible = (text: string): string => text.replaceAll(SHOWN, name)

/** The same for JSON, which stays the same value. */
export const visibleJson = (json: string): string =>
  json.replaceAll(SHOWN, (each) =>
    each === '\n' ? each : `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Stands for the escape character of our own colours; nobody else can know it, so nobody else can colour. */
const ESCAPE = randomBytes(9).toString('hex')
const OWN = new RegExp(`${ESCAPE}(\\[\\d+m)`, 'g')

/** A text in a colour. The colour is a mark until `toTerminal` sends it. */
export function styled(style: Parameters<typeof styleText>[0], text: string): string {
  if (text === '') return ''
  const [open = '', close = ''] = styleText(style, '|', { validateStream: false }).split('|')
  return `${ESCAPE}${open.slice(1)}${text}${ESCAPE}${close.slice(1)}`
}

/** What is written to a terminal or into a pipe: control characters shown, our own colours sent. Each text view ends here. */
export const toTerminal = (text: string): string => visible(text).replaceAll(OWN, '\u001b$1')
