import type { Client } from 'ssh2'

/** A key as ssh2 holds it. */
interface Key {
  readonly isPrivateKey?: () => boolean
  readonly sign?: (data: Buffer, hash?: string) => Buffer | Error
}
type Sign = (data: Buffer, done: (signature: Buffer) => void) => void
type AuthPk = (user: string, key: Key, algorithm: string | undefined, sign?: Sign) => void

/** The inner parts of ssh2's client that have no public form. */
interface Inner {
  _remoteVer?: string
  readonly _protocol?: { authPK?: AuthPk }
}

/** The hash of an RSA signature is part of the algorithm's name; the other kinds have one of their own. */
const HASHES: Readonly<Record<string, string>> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }

/**
 * Two things that ssh2 has no option for, for a client whose key exchange is done:
 * - A key is offered with its signature at once (RFC 4252, section 7, allows it); asking first whether the server
 *   would take it costs a round trip. Keys of an agent are asked for first, as they may need a touch or a yes.
 * - OpenSSH announces its other host keys, and ssh2 has each of them proved: a packet and several signatures on both
 *   sides for something nobody here listens to. It leaves that out for servers it does not take for OpenSSH.
 */
export function shorten(client: Client): void {
  const inner = client as unknown as Inner
  inner._remoteVer = ''
  const protocol = inner._protocol
  const original = protocol?.authPK
  if (!protocol || !original) return
  protocol.authPK = (user, key, algorithm, sign) => {
    const ask = (): void => original.call(protocol, user, key, algorithm)
    const own = sign ?? (key.isPrivateKey?.() === true ? signer(key, algorithm, ask) : undefined)
    original.call(protocol, user, key, algorithm, own)
  }
}

/** Signs, or asks first after all: ssh2 then tells why it cannot sign. */
const signer =
  (key: Key, algorithm: string | undefined, ask: () => void): Sign =>
  (data, done) => {
    const signature = key.sign?.(data, HASHES[algorithm ?? ''])
    if (Buffer.isBuffer(signature)) done(signature)
    else ask()
  }
