import type { CaseFile, CertificateFacts, HostCase } from '../case.ts'
import type { Draft } from '../finding.ts'
import type { Rule } from '../site.ts'

const SOON_MS = 14 * 86_400_000

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ')

interface Flaw {
  readonly code: string
  readonly severity: 'critical' | 'warning'
  readonly saw: string
  readonly what: string
}

function flawOf({ notBefore, notAfter, issuer, misfit }: CertificateFacts, now: number): Flaw | undefined {
  if (notAfter <= now)
    return {
      code: 'certificate/expired',
      severity: 'critical',
      what: `expired at ${day(notAfter)}`,
      saw: `notAfter ${day(notAfter)}`,
    }
  if (notBefore > now)
    return {
      code: 'certificate/not-yet-valid',
      severity: 'critical',
      what: `is valid from ${day(notBefore)} only`,
      saw: `notBefore ${day(notBefore)}`,
    }
  if (misfit !== undefined)
    return {
      code: 'certificate/wrong-ca',
      severity: 'critical',
      what: 'does not come from the CA of the cluster',
      saw: `issuer ${issuer}; ${misfit}`,
    }
  if (notAfter - now < SOON_MS)
    return {
      code: 'certificate/ends-soon',
      severity: 'warning',
      what: `ends at ${day(notAfter)}`,
      saw: `notAfter ${day(notAfter)}`,
    }
  return undefined
}

const draftsOf = ({ name, certificates: all }: HostCase, { at, site, say }: CaseFile): readonly Draft[] =>
  all.flatMap((certificate): readonly Draft[] => {
    const flaw = flawOf(certificate, Date.parse(at))
    if (!flaw) return []
    const known = site.certificates.find(({ path }) => path === certificate.path)
    return [
      {
        severity: known?.vital ? flaw.severity : 'warning',
        code: flaw.code,
        summary: `${known?.what ?? 'A certificate'} on ${name} ${flaw.what}.`,
        member: name,
        evidence: [{ host: name, source: `openssl x509 -in ${certificate.path}`, saw: flaw.saw }],
        next: [say.apply()],
      },
    ]
  })

/** Certificates that others refuse, or soon will. */
export const certificates: Rule = (file) => [...file.hosts.values()].flatMap((host) => draftsOf(host, file))
