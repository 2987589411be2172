import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Static } from 'typebox'
import { problem } from '../diag/diagnostic.ts'
import { defineModule } from '../engine/module.ts'
import type { Probe } from '../engine/probe.ts'
import { runWith } from '../engine/step.ts'
import type { Step } from '../engine/step.ts'
import { Type } from '../lib/type.ts'
import { absolutePath, accountName, secretText } from './args.ts'
import { accessOf, accessSteps } from './lib/files.ts'
import {
  altNames,
  authorityOf,
  canonicalName,
  certificateOf,
  commonName,
  isOfKey,
  issuerName,
} from './lib/x509.ts'
import { ISSUE_SCRIPT } from './lib/x509-script.ts'
import { stat } from './readings/stat.ts'
import type { Stat } from './readings/stat.ts'
import { text } from './readings/text.ts'

const NAME = '^[A-Za-z0-9._:-]+$'

const args = Type.Object({
  cert: absolutePath("The host's certificate (PEM, mode 0644)."),
  key: absolutePath("The host's private key (PEM, mode 0640); made on the host, and kept when it is there."),
  ca: absolutePath('The certificate of the CA (PEM, mode 0644).'),
  ca_key: secretText(
    'Private key of the CA (PEM, EC or RSA); it is on no host. `hactl secrets generate` makes one for a name that ends with `_key`.',
  ),
  ca_name: Type.String({
    description:
      'Common name of the CA. All hosts that are to trust each other have the same name and key; each makes its own CA certificate of them.',
    pattern: '^[A-Za-z0-9._ -]+$',
    maxLength: 64,
  }),
  name: Type.String({ description: "The host's common name.", pattern: NAME, maxLength: 64 }),
  names: Type.Array(Type.String({ description: 'A host name or an IP address.', pattern: NAME }), {
    description: 'What the certificate is valid for.',
    minItems: 1,
  }),
  owner: accountName('Account that owns the files.'),
  group: accountName('Group that may read the private key.'),
  days: Type.Integer({ description: 'How long a new certificate is valid.', default: 3650, minimum: 1 }),
  renew_days: Type.Integer({
    description: 'It is made anew when it is valid for fewer days than this.',
    default: 365,
    minimum: 0,
  }),
})
type Args = Static<typeof args>

interface CertificateState {
  readonly [field: string]: unknown
  readonly ca: string
  readonly cert: string
  readonly name: string
  readonly names: readonly string[]
  readonly key: string
  readonly valid: string
  readonly files: Readonly<Record<'ca' | 'cert' | 'key', string>>
}

const FILES = ['ca', 'cert', 'key'] as const
const modeOf = (file: (typeof FILES)[number]): string => (file === 'key' ? '0640' : '0644')
const DAY_MS = 86_400_000

/** The public half of the key on the host, without fetching the key. */
const publicKeyOf = (probe: Probe, key: string) =>
  probe.run(['openssl', 'pkey', '-in', key, '-pubout'], { dependsOn: [`file:${key}`, 'package:openssl'] })

function validity(until: Date, { renew_days }: Args): string {
  const left = Math.floor((until.getTime() - Date.now()) / DAY_MS)
  return left >= renew_days ? 'long enough' : `until ${until.toISOString().slice(0, 10)}`
}

function authorityState(ca: X509Certificate | undefined, authority: KeyObject, { ca_name }: Args): string {
  if (!ca) return 'absent'
  if (!isOfKey(ca, authority)) return 'another key'
  return commonName(ca) === ca_name ? 'ours' : 'another name'
}

/** What is compared of a certificate that exists. */
const ofCertificate = (cert: X509Certificate, authority: KeyObject, all: Args) => ({
  cert: cert.verify(authority) && issuerName(cert) === all.ca_name ? 'issued by it' : 'issued by another',
  name: commonName(cert),
  names: altNames(cert).toSorted(),
  valid: validity(new Date(cert.validTo), all),
})
const NO_CERTIFICATE = { cert: 'absent', name: '', names: [], valid: 'absent' }

function accessText(is: Stat, all: Args): string {
  if (is.type === 'absent') return 'absent'
  const { owner, group, mode } = accessOf(is, all)
  return `${owner}:${group} ${mode}`
}

async function current(probe: Probe, all: Args): Promise<CertificateState> {
  const authority = authorityOf(all.ca_key)
  const [caText, certText, publicKey, caFile, certFile, keyFile] = await Promise.all([
    probe.ask(text, all.ca),
    probe.ask(text, all.cert),
    publicKeyOf(probe, all.key),
    probe.ask(stat, all.ca),
    probe.ask(stat, all.cert),
    probe.ask(stat, all.key),
  ])
  const cert = certificateOf(certText)
  const fits = cert !== undefined && isOfKey(cert, publicKey.stdout)
  return {
    ca: authorityState(certificateOf(caText), authority, all),
    ...(cert ? ofCertificate(cert, authority, all) : NO_CERTIFICATE),
    key: keyFile.type === 'absent' ? 'absent' : fits ? 'fits' : 'does not fit',
    files: {
      ca: accessText(caFile, all),
      cert: accessText(certFile, all),
      key: accessText(keyFile, all),
    },
  }
}

const desired = (all: Args): Partial<CertificateState> => ({
  ca: 'ours',
  cert: 'issued by it',
  name: all.name,
  names: [...new Set(all.names.map(canonicalName))].toSorted(),
  key: 'fits',
  valid: 'long enough',
  files: {
    ca: `${all.owner}:${all.group} 0644`,
    cert: `${all.owner}:${all.group} 0644`,
    key: `${all.owner}:${all.group} 0640`,
  },
})

const isIssued = (from: CertificateState, to: Partial<CertificateState>): boolean =>
  (['ca', 'cert', 'name', 'key', 'valid'] as const).every((field) => from[field] === to[field]) &&
  from.names.join() === to.names?.join()

function* mendAccess(from: CertificateState, all: Args): Generator<Step> {
  for (const file of FILES) {
    const [, owner = '', group = '', mode = ''] = /^(.*):(.*) (.*)$/.exec(from.files[file]) ?? []
    const wanted = { owner: all.owner, group: all.group, mode: modeOf(file) }
    yield* accessSteps(all[file], { owner, group, mode }, wanted)
  }
}

const altNameList = (names: readonly string[]): string =>
  names.map((name) => (/^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',')

/** A certificate of the cluster's own CA. */
export const tlsCertificate = defineModule({
  name: 'tls_certificate',
  about:
    "Keep a certificate of the cluster's own CA on the host: for these names, valid long enough, with a key that never leaves the host. Needs openssl there.",
  args,
  examples: [
    `tls_certificate:
  ca: /etc/hactl/tls/ca.crt
  cert: /etc/hactl/tls/host.crt
  key: /etc/hactl/tls/host.key
  ca_key: "{{ secrets.ca_key }}"
  ca_name: pgcluster CA
  name: "{{ inventory_hostname }}"
  names: ["{{ inventory_hostname }}", localhost, 127.0.0.1, "{{ address }}"]
  owner: root
  group: hactl-tls`,
  ],
  label: ({ cert }) => cert,
  current,
  desired,
  refuse: ({ ca }, _to, all) =>
    ca === 'another key'
      ? problem('tls/another-ca', `${all.ca} is of another CA key: hosts in service trust only that one`, {
          hint: `restore the old key with "hactl secrets edit"; or stop the cluster, move ${all.ca} aside on every host, and apply again`,
        })
      : undefined,
  steps(from, to, all) {
    if (isIssued(from, to)) return [...mendAccess(from, all)]
    const { ca, cert, key, owner, group, ca_name, name, days } = all
    const given = [ca, cert, key, owner, group, ca_name, name, String(days), altNameList(to.names ?? [])]
    return [
      runWith({ stdin: all.ca_key, timeoutMs: 60_000 }, 'sh', '-c', ISSUE_SCRIPT, 'certificate', ...given),
    ]
  },
  touches: ({ ca, cert, key }) => [`file:${ca}`, `file:${cert}`, `file:${key}`],
})
