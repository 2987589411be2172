import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToText, textToBytes } from '../../../src/lib/bytes.ts'

test('any bytes come back as they were', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const buffer = Buffer.from(bytes)
      expect(textToBytes(bytesToText(buffer))).toEqual(buffer)
    }),
  )
})

test('text in UTF-8 is itself, and a byte of Latin-1 stays one character that can be told', () => {
  expect(bytesToText(Buffer.from('Zürich 😀'))).toBe('Zürich 😀')
  expect(textToBytes('Zürich 😀')).toEqual(Buffer.from('Zürich 😀'))
  expect(bytesToText(Buffer.from('Z\u00fcrich', 'latin1'))).toBe('Z\udcfcrich')
})
