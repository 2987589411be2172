import type { Static } from 'typebox'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe, Resource } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { secretText } from '../args.ts'

/** A file, or none: null and empty text are what templates give when there is no TLS. */
const file = (description: string) =>
  Type.Optional(Type.Unsafe<string | null>({ description, type: ['string', 'null'], pattern: '^(/.*)?$' }))

const rest = Type.Object(
  {
    scheme: Type.Enum(['http', 'https'], {
      description: 'https when the REST API has TLS.',
      default: 'http',
    }),
    address: Type.String({ description: 'Where the REST API of this host listens.', minLength: 1 }),
    port: Type.Integer({ description: 'Its port.', default: 8008, minimum: 1, maximum: 65_535 }),
    user: Type.String({ description: 'User for calls that change something; empty: none.', default: '' }),
    password: Type.Optional(secretText('Password of the user; it goes to curl on standard input.')),
    cacert: file(
      'Certificate of the authority that signed the certificate of the REST API; none without TLS.',
    ),
    cert: file('Certificate to show to the REST API.'),
    key: file('Key of that certificate.'),
  },
  { description: 'How to reach the REST API of Patroni on this host.' },
)

/** How to reach Patroni; the same in every `patroni_*` module. */
export const restArgs = { rest }
export type Rest = Static<typeof rest>

/** Configuration, leader and members as Patroni keeps them, and what it makes of them. */
export const DCS: Resource = 'dcs:'
/** What an answer of the REST API depends on. */
const DEPENDS: readonly Resource[] = [DCS, 'unit:*', 'postgres:*', 'file:/etc/patroni', 'package:*']

/** A document, or why there is none: nothing listens, or an answer that is not 200. */
export type Answer<T> =
  | { readonly kind: 'document'; readonly status: number; readonly body: T }
  | { readonly kind: 'none'; readonly why: string }

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)

/** The address of a document: of this host, or of another member by its own URL. */
export const urlOf = ({ scheme, address, port }: Rest, path: string): string =>
  `${scheme}://${bracketed(address)}:${port}${path}`

/** Options of curl for TLS. */
export const trust = ({ scheme, cacert, cert, key }: Rest): readonly string[] => [
  ...(scheme === 'https' && cacert ? ['--cacert', cacert] : []),
  ...(scheme === 'https' && cert && key ? ['--cert', cert, '--key', key] : []),
]

/** Exit codes of curl about certificates: waiting does not mend those. */
const CERTIFICATE = new Set([35, 51, 58, 59, 60, 77, 83, 90, 91])

const QUIET = ['-sS', '--noproxy', '*', '--connect-timeout', '3', '--max-time', '10'] as const

/**
 * Reads a document with GET, which needs no password. The status is not judged: 503 is an answer too. `first`: another
 * document that is asked for before, and dropped. Throws HactlError when the certificate is not accepted and NotYet
 * without curl.
 */
export async function get<T>(probe: Probe, all: Rest, url: string, first?: string): Promise<Answer<T>> {
  const before = first === undefined ? [] : [...QUIET, ...trust(all), '-o', '/dev/null', first, '--next']
  const { code, stdout, stderr } = await probe.run(
    ['curl', ...before, ...QUIET, '-w', '\n%{http_code}', ...trust(all), url],
    { dependsOn: DEPENDS, timeoutMs: 30_000 },
  )
  if (code === 127) throw new NotYet('curl is not installed yet')
  const said = stderr.trim().replace(/^curl: \(\d+\) /, '')
  if (CERTIFICATE.has(code)) {
    throw new HactlError(
      problem('patroni/certificate', `the TLS connection to ${url} fails: ${said}`, {
        hint: 'the certificate must name that address and be signed by the authority in `rest.cacert`',
      }),
      EXIT.failed,
    )
  }
  const cut = stdout.lastIndexOf('\n')
  const [text, status] = [stdout.slice(0, cut), Number(stdout.slice(cut + 1))]
  if (code !== 0) return { kind: 'none', why: `Patroni does not answer at ${url}: ${said}` }
  try {
    return { kind: 'document', status, body: JSON.parse(text) as T }
  } catch {
    return { kind: 'none', why: `${url} answers ${status}` }
  }
}
