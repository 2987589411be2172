import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

/** Iterations of PostgreSQL's own verifiers (`scram_iterations`, 16 and later; fixed before). */
const ITERATIONS = 4096

/**
 * SASLprep (RFC 4013) as far as passwords need it: other spaces become a space, soft characters vanish, NFKC.
 * Like PostgreSQL, a password with control characters is taken as it is.
 */
function prepare(password: string): string {
  if (/^[\x20-\x7e]*$/.test(password) || /[\x00-\x1f\x7f-\x9f]/.test(password)) return password
  return password
    .replaceAll(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g, ' ')
    .replaceAll(/\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g, '')
    .normalize('NFKC')
}

/** Salt and iterations of a SCRAM verifier: what a server tells every client that logs in. */
export interface ScramSalt {
  readonly salt: Buffer
  readonly iterations: number
}

/** A SCRAM-SHA-256 verifier as PostgreSQL stores it (RFC 5803): the password cannot be read back from it. */
export function scramVerifier(password: string, from?: ScramSalt): string {
  const { salt, iterations } = from ?? { salt: randomBytes(16), iterations: ITERATIONS }
  const salted = pbkdf2Sync(prepare(password), salt, iterations, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const storedKey = createHash('sha256').update(clientKey).digest('base64')
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}

/** The verifier of servers before 10, and of roles that still have one: md5 over password and role name. */
export const md5Verifier = (password: string, role: string): string =>
  `md5${createHash('md5').update(password).update(role).digest('hex')}`

/** What is read of a stored password: never the verifier, only its kind, salt and a hash over it. */
export interface StoredPassword {
  readonly kind: 'none' | 'md5' | 'scram' | 'other'
  /** `4096:base64 salt` of a SCRAM verifier. */
  readonly salt?: string | null
  /** Hex hash of the whole verifier: sha256 from version 11, md5 before. */
  readonly hash?: string | null
}

/** Whether a stored password is this one. md5 verifiers count as another password where SCRAM is known. */
export function passwordMatches(
  stored: StoredPassword,
  password: string,
  role: string,
  version: number,
): boolean {
  const verifier = candidate(stored, password, role, version)
  if (verifier === undefined || !stored.hash) return false
  const hash = createHash(version >= 110_000 ? 'sha256' : 'md5')
    .update(verifier)
    .digest('hex')
  return hash === stored.hash
}

function candidate(
  stored: StoredPassword,
  password: string,
  role: string,
  version: number,
): string | undefined {
  if (stored.kind === 'md5') return version < 100_000 ? md5Verifier(password, role) : undefined
  const match = /^(\d+):(.+)$/.exec(stored.kind === 'scram' ? (stored.salt ?? '') : '')
  if (!match) return undefined
  return scramVerifier(password, {
    iterations: Number(match[1]),
    salt: Buffer.from(match[2] ?? '', 'base64'),
  })
}
