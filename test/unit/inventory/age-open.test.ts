import {
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from 'age-encryption'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openWithNode } from '../../../src/inventory/age-open.ts'
import { Secret } from '../../../src/lib/secret.ts'

const identity = await generateX25519Identity()
const other = await generateX25519Identity()

async function encrypt(text: string, ...identities: readonly string[]): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  for (const each of identities) encrypter.addRecipient(await identityToRecipient(each))
  return encrypter.encrypt(text)
}
const open = (file: Uint8Array, key = identity): string | undefined =>
  openWithNode(file, new Secret(key))?.reveal()

test('what the age library encrypts is opened, for any of its readers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 200 }), async (text) => {
      expect(open(await encrypt(text, other, identity))).toBe(text)
    }),
    { numRuns: 30 },
  )
})

test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])('%i bytes are opened whole', async (length) => {
  expect(open(await encrypt('x'.repeat(length), identity))?.length).toBe(length)
})

test('another key, another kind of key, and a key with a wrong letter open nothing', async () => {
  const file = await encrypt('secret', identity)
  expect(open(file, other)).toBeUndefined()
  expect(open(file, identity.replace(/.{8}$/, 'QQQQQQQQ'))).toBeUndefined()
  expect(open(file, 'AGE-SECRET-KEY-1')).toBeUndefined()
  const hybrid = await generateHybridIdentity()
  expect(open(await encrypt('secret', hybrid), hybrid)).toBeUndefined()
})

test('a file with any byte changed, or cut anywhere, is not opened', async () => {
  const file = await encrypt('secret', identity)
  for (let at = 0; at < file.length; at++) {
    const changed = Uint8Array.from(file)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect([at, open(changed)]).toEqual([at, undefined])
    expect([at, open(file.slice(0, at))]).toEqual([at, undefined])
  }
})

test('chunks cannot be left out or swapped', async () => {
  const file = await encrypt('x'.repeat(200_000), identity)
  const start = Buffer.from(file).indexOf('\n', Buffer.from(file).indexOf('\n--- ') + 1) + 1 + 16
  const chunk = 64 * 1024 + 16
  const without = Buffer.concat([file.slice(0, start), file.slice(start + chunk)])
  expect(open(without)).toBeUndefined()
  expect(open(file.slice(0, start + 2 * chunk))).toBeUndefined()
})
