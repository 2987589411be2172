import {
  type KeyObject,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  timingSafeEqual,
} from 'node:crypto'
import { Secret } from '../lib/secret.ts'

/**
 * Opens an age file (https://age-encryption.org/v1) for an X25519 key with Node's own cryptography. Undefined means
 * "not sure": the caller then asks the age library, which alone decides what is wrong. Loading the library costs about
 * 75 ms of CPU, as much as a whole run that changes nothing; everything here is authenticated, so a result is right.
 */
export function openWithNode(binary: Uint8Array, identity: Secret): Secret | undefined {
  try {
    const file = Buffer.from(binary)
    const mark = file.indexOf('\n--- ')
    const end = file.indexOf('\n', mark + 1)
    if (mark < 0 || end < 0) return undefined
    const header = file.subarray(0, mark + 4)
    const fileKey = findFileKey(header.toString('latin1'), identity)
    if (!fileKey || !isIntact(header, file.subarray(mark + 5, end), fileKey)) return undefined
    return new Secret(readPayload(file.subarray(end + 1), fileKey).toString('utf8'))
  } catch {
    return undefined
  }
}

const ARMOR =
  /^-----BEGIN AGE ENCRYPTED FILE-----\n((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}={0,2}\n)-----END AGE ENCRYPTED FILE-----\s*$/

/** The bytes inside the usual armor; undefined when it looks otherwise. */
export function unarmorWithNode(text: string): Uint8Array | undefined {
  const body = ARMOR.exec(text)?.[1]
  return body === undefined ? undefined : Buffer.from(body, 'base64')
}

const derive = (key: Buffer, salt: Buffer, info: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, info, 32))

const NOTHING = Buffer.alloc(0)

function isIntact(header: Buffer, mac: Buffer, fileKey: Buffer): boolean {
  const own = createHmac('sha256', derive(fileKey, NOTHING, 'header'))
    .update(header)
    .digest()
  const written = Buffer.from(own.toString('base64').replace(/=+$/, ''))
  return written.length === mac.length && timingSafeEqual(written, mac)
}

const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')

const publicKey = (raw: Buffer): KeyObject =>
  createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' })

function findFileKey(header: string, identity: Secret): Buffer | undefined {
  const raw = decodeBech32(identity.reveal())
  const privateKey = createPrivateKey({
    key: Buffer.concat([PRIVATE_PREFIX, raw]),
    format: 'der',
    type: 'pkcs8',
  })
  const own = createPublicKey(privateKey)
    .export({ format: 'der', type: 'spki' })
    .subarray(PUBLIC_PREFIX.length)
  for (const [, share64 = '', body = ''] of header.matchAll(/^-> X25519 (\S+)\n(\S+)$/gm)) {
    const share = Buffer.from(share64, 'base64')
    const secret = diffieHellman({ privateKey, publicKey: publicKey(share) })
    const wrapKey = derive(secret, Buffer.concat([share, own]), 'age-encryption.org/v1/X25519')
    try {
      return decrypt(wrapKey, Buffer.alloc(12), Buffer.from(body, 'base64'))
    } catch {
      // Meant for another reader.
    }
  }
  return undefined
}

const TAG = 16

/** ChaCha20-Poly1305; throws when the text is not authentic. */
function decrypt(key: Buffer, nonce: Buffer, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG })
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
  return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - TAG)), decipher.final()])
}

const CHUNK = 64 * 1024 + TAG
const NONCE = 16

/** Chunks of 64 KiB; the nonce counts them and marks the last, so that none can be left out. */
function readPayload(payload: Buffer, fileKey: Buffer): Buffer {
  const key = derive(fileKey, payload.subarray(0, NONCE), 'payload')
  const parts: Buffer[] = []
  for (let at = NONCE; at < payload.length; at += CHUNK) {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(parts.length, 7)
    nonce[11] = at + CHUNK >= payload.length ? 1 : 0
    parts.push(decrypt(key, nonce, payload.subarray(at, at + CHUNK)))
  }
  if (parts.length === 0) throw new Error('no chunk')
  return Buffer.concat(parts)
}

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

/** The 32 bytes of `AGE-SECRET-KEY-1…`; a wrong letter gives another key, which then opens nothing. */
function decodeBech32(text: string): Buffer {
  const word = text.toLowerCase()
  const data = word.slice(word.lastIndexOf('1') + 1, -6)
  let bits = ''
  for (const letter of data) bits += ALPHABET.indexOf(letter).toString(2).padStart(5, '0')
  const bytes = bits.match(/.{8}/g) ?? []
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)))
}
