import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { reveal, type Text } from '../../lib/secret.ts'
import type { FileText } from '../readings/text.ts'

/** The certificate in a file; undefined when there is none that can be read. */
export function certificateOf(file: FileText): X509Certificate | undefined {
  if (file.kind !== 'text') return undefined
  try {
    return new X509Certificate(file.text)
  } catch {
    return undefined
  }
}

/** The public key of a CA's private key. Throws HactlError when it is no unencrypted private key in PEM. */
export function authorityOf(key: Text): KeyObject {
  try {
    return createPublicKey(createPrivateKey(reveal(key)))
  } catch {
    throw new HactlError(
      problem('tls/ca-key', 'the key of the CA is no private key in PEM', {
        hint: 'remove it with `hactl secrets edit`, then `hactl secrets generate` makes one',
      }),
      EXIT.usage,
    )
  }
}

const bytesOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64')

/** Whether a certificate is of this public key, given as an object or as PEM text. */
export function isOfKey(certificate: X509Certificate, key: KeyObject | string): boolean {
  try {
    const other = typeof key === 'string' ? createPublicKey(key) : key
    return bytesOf(certificate.publicKey) === bytesOf(other)
  } catch {
    return false
  }
}

/** The common name of the subject; empty when it has none. */
export const commonName = ({ subject }: X509Certificate): string => /^CN=(.*)$/m.exec(subject)?.[1] ?? ''

/** The common name of the issuer; empty when it has none. */
export const issuerName = ({ issuer }: X509Certificate): string => /^CN=(.*)$/m.exec(issuer)?.[1] ?? ''

/** One spelling for each name: IPv6 addresses can be written in many ways. */
export const canonicalName = (name: string): string =>
  isIPv6(name) ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name

/** The names and addresses a certificate is valid for. */
export const altNames = ({ subjectAltName = '' }: X509Certificate): readonly string[] =>
  subjectAltName
    .split(', ')
    .flatMap((entry) => /^(?:DNS|IP Address):(.*)$/.exec(entry)?.[1] ?? [])
    .map(canonicalName)
