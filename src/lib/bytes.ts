import { isUtf8 } from 'node:buffer'

/** A byte that is no UTF-8 stands in a text as U+DC00 plus its value, which no valid text holds by itself. */
const ESCAPE = 0xdc00
const ESCAPED = /([\uDC80-\uDCFF]+)/u

/** The continuation bytes a first byte of UTF-8 asks for; undefined: it can be no first byte. */
function following(first: number): number | undefined {
  if (first < 0x80) return 0
  if (first >= 0xc2 && first <= 0xdf) return 1
  if (first >= 0xe0 && first <= 0xef) return 2
  return first >= 0xf0 && first <= 0xf4 ? 3 : undefined
}

/** The length of the valid sequence at `at`; 0 when the byte there belongs to none. */
function sequence(bytes: Buffer, at: number): number {
  const more = following(bytes[at] ?? 0)
  if (more === undefined) return 0
  if (more === 0) return 1
  return isUtf8(bytes.subarray(at, at + more + 1)) ? more + 1 : 0
}

/**
 * The text of bytes in UTF-8. What is no UTF-8 (a file in Latin-1) is kept byte by byte as lone surrogates, so that
 * `textToBytes` gives back the same bytes: a file that is read, changed in one line and written loses nothing.
 */
export function bytesToText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  const parts: string[] = []
  let good = 0
  for (let at = 0; at < bytes.length;) {
    const length = sequence(bytes, at)
    if (length === 0) {
      parts.push(bytes.toString('utf8', good, at), String.fromCharCode(ESCAPE + (bytes[at] ?? 0)))
      good = at + 1
    }
    at += length || 1
  }
  return parts.join('') + bytes.toString('utf8', good)
}

/** The bytes of a text: UTF-8, and for what `bytesToText` has kept the byte it stands for. */
export function textToBytes(text: string): Buffer {
  if (!ESCAPED.test(text)) return Buffer.from(text)
  const parts = text.split(ESCAPED)
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 0
        ? Buffer.from(part)
        : Buffer.from(Array.from(part, (each) => each.charCodeAt(0) - ESCAPE)),
    ),
  )
}
