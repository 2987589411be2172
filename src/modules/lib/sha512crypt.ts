import { createHash } from 'node:crypto'

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const DEFAULT_ROUNDS = 5000

const sha512 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The first `length` bytes of a block repeated without end. */
const stretch = (block: Buffer, length: number): Buffer =>
  Buffer.concat(Array.from({ length: Math.ceil(length / block.length) }, () => block)).subarray(0, length)

/** The order in which the scheme writes the 64 bytes: triples that rotate through the thirds of the digest. */
function encode(digest: Buffer): string {
  let text = ''
  const write = (bytes: readonly number[], chars: number): void => {
    let value = bytes.reduce((sum, byte) => (sum << 8) | byte, 0)
    for (let i = 0; i < chars; i++, value >>>= 6) text += ALPHABET[value & 63]
  }
  for (let i = 0; i < 21; i++) {
    const triple = [digest[i] ?? 0, digest[i + 21] ?? 0, digest[i + 42] ?? 0]
    const shift = i % 3
    write([...triple.slice(shift), ...triple.slice(0, shift)], 4)
  }
  write([digest[63] ?? 0], 2)
  return text
}

function firstDigest(key: Buffer, salt: string): Buffer {
  const alternate = sha512(key, salt, key)
  const parts: (Buffer | string)[] = [key, salt, stretch(alternate, key.length)]
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? alternate : key)
  return sha512(...parts)
}

/**
 * The `$6$` hash of a password with the salt of a given hash or setting (`$6$salt`, `$6$rounds=N$salt`);
 * undefined for another scheme. Follows U. Drepper, "Unix crypt using SHA-256 and SHA-512".
 */
export function sha512crypt(password: string, setting: string): string | undefined {
  const match = /^\$6\$(?:rounds=(\d+)\$)?([^$]{1,16})/.exec(setting)
  if (!match) return undefined
  const [prefix, given, salt = ''] = match
  const rounds = given === undefined ? DEFAULT_ROUNDS : Number(given)
  const key = Buffer.from(password)
  let digest = firstDigest(key, salt)
  const p = stretch(sha512(...Array.from({ length: key.length }, () => key)), key.length)
  const s = stretch(sha512(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt)), salt.length)
  for (let round = 0; round < rounds; round++) {
    const odd = round % 2 === 1
    const parts = [odd ? p : digest]
    if (round % 3 !== 0) parts.push(s)
    if (round % 7 !== 0) parts.push(p)
    parts.push(odd ? digest : p)
    digest = sha512(...parts)
  }
  return `${prefix}$${encode(digest)}`
}
