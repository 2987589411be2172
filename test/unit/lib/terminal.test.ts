import { expect, test } from 'vitest'
import { styled, toTerminal, visible, visibleJson } from '../../../src/lib/terminal.ts'

test.each([
  ['a\u001b[2Jb', String.raw`a\x1b[2Jb`],
  ['a\rb', String.raw`a\rb`],
  ['\u001b]0;title\u0007', String.raw`\x1b]0;title\x07`],
  ['\u009b2J', String.raw`\x9b2J`],
  ['\u202etxt', String.raw`\u{202e}txt`],
  ['\0\b\u007f', String.raw`\0\x08\x7f`],
  ['\udcfc', String.raw`\xfc`],
  ['one\n\ttwo ü € 😀 👩‍💻', 'one\n\ttwo ü € 😀 👩‍💻'],
])('%j is shown as %s', (text, shown) => {
  expect(visible(text)).toBe(shown)
  expect(visible(shown)).toBe(shown)
  expect(JSON.parse(visibleJson(JSON.stringify({ text })))).toEqual({ text })
})

test('our own colours are sent, those of anybody else are shown', () => {
  expect(toTerminal(`${styled('red', 'no')} \u001b[31mno`)).toBe(
    `\u001b[31mno\u001b[39m ${String.raw`\x1b[31mno`}`,
  )
})
