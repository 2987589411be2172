import { createPrivateKey, sign, type KeyObject } from 'node:crypto'
import type { Client } from 'ssh2'

/** A key as ssh2 holds it. */
interface Key {
  readonly type?: string
  readonly getPrivatePEM?: () => unknown
  readonly isPrivateKey?: () => boolean
  readonly sign?: (data: Buffer, hash?: string) => Buffer | Error
}
type Sign = (data: Buffer, done: (signature: Buffer) => void) => void
type AuthPk = (user: string, key: Key, algorithm: string | undefined, sign?: Sign) => void

type GlobalRequest = (protocol: unknown, name: string, wantReply: boolean, data: unknown) => void

/** What ssh2 does with messages of the server. */
interface Handlers {
  GLOBAL_REQUEST?: GlobalRequest
  SERVICE_ACCEPT?: (protocol: unknown, name: string) => void
  EXT_INFO?: (protocol: unknown, extensions: unknown) => void
}

/** The inner parts of ssh2's client that have no public form. */
interface Inner {
  _remoteVer?: string
  readonly _protocol?: { authPK?: AuthPk; readonly _handlers?: Handlers }
}

/** The hash of an RSA signature is part of the algorithm's name; the other kinds have one of their own. */
const HASHES: Readonly<Record<string, string>> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }

/**
 * Things that ssh2 has no option for, for a client whose key exchange is done:
 * - A key is offered with its signature at once (RFC 4252, section 7, allows it); asking first whether the server
 *   would take it costs a round trip. Keys of an agent are asked for first, as they may need a touch or a yes.
 * - The login follows the request for its service at once: waiting until the server has agreed costs a round trip. Only
 *   behind the server's list of signature algorithms (RFC 8308), which OpenSSH sends unasked and RSA keys depend on.
 * - OpenSSH announces its other host keys, and ssh2 parses each of them and has it proved: a packet and several
 *   signatures on both sides for something nobody here listens to. The announcement wants no reply and is dropped.
 */
export function shorten(client: Client): void {
  const inner = client as unknown as Inner
  // Servers that it does not take for OpenSSH are not asked, in case the announcement still gets through.
  inner._remoteVer = ''
  const protocol = inner._protocol
  dropAnnouncedKeys(protocol?._handlers)
  loginAtOnce(protocol?._handlers)
  const original = protocol?.authPK
  if (!protocol || !original) return
  protocol.authPK = (user, key, algorithm, sign) => {
    const ask = (): void => original.call(protocol, user, key, algorithm)
    const own = sign ?? (key.isPrivateKey?.() === true ? signer(key, algorithm, ask) : undefined)
    original.call(protocol, user, key, algorithm, own)
  }
}

/** Takes the service as accepted once the signature algorithms are known; the server's own word comes too late then. */
function loginAtOnce(handlers: Handlers | undefined): void {
  const [accept, info] = [handlers?.SERVICE_ACCEPT, handlers?.EXT_INFO]
  if (!handlers || !accept || !info) return
  let isTaken = false
  handlers.SERVICE_ACCEPT = (protocol, name) => {
    if (!isTaken) accept(protocol, name)
    isTaken = true
  }
  handlers.EXT_INFO = (protocol, extensions) => {
    info(protocol, extensions)
    handlers.SERVICE_ACCEPT?.(protocol, 'ssh-userauth')
  }
}

function dropAnnouncedKeys(handlers: Handlers | undefined): void {
  const original = handlers?.GLOBAL_REQUEST
  if (!handlers || !original) return
  handlers.GLOBAL_REQUEST = (protocol, name, wantReply, data) => {
    if (name !== 'hostkeys-00@openssh.com' || wantReply) original(protocol, name, wantReply, data)
  }
}

/** Signs, or asks first after all: ssh2 then tells why it cannot sign. */
const signer =
  (key: Key, algorithm: string | undefined, ask: () => void): Sign =>
  (data, done) => {
    const ready = openedKey(key)
    const signature = ready ? sign(undefined, data, ready) : key.sign?.(data, HASHES[algorithm ?? ''])
    if (Buffer.isBuffer(signature)) done(signature)
    else ask()
  }

const opened = new WeakMap<Key, KeyObject>()

/** An Ed25519 key, read once: ssh2 reads its own text again for every signature, which takes far longer than signing. */
function openedKey(key: Key): KeyObject | undefined {
  if (key.type !== 'ssh-ed25519') return undefined
  const known = opened.get(key)
  if (known) return known
  const text = key.getPrivatePEM?.()
  if (typeof text !== 'string') return undefined
  const made = createPrivateKey(text)
  opened.set(key, made)
  return made
}
