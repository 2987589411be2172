import type { Reading } from '../../engine/probe.ts'

/** os-release(5) in the words that playbooks use. */
export interface OsRelease {
  /** `debian`, `rhel`, `rocky`, … */
  readonly id: string
  /** `debian` or `rhel`: whose file places and package names the host has; else the id. */
  readonly family: string
  /** `12`, `9.4`; empty on rolling releases. */
  readonly version: string
  /** The part of the version before the dot, as a number; 0 when there is none. */
  readonly major: number
  /** `bookworm`; empty where there is none. */
  readonly codename: string
}

const unquote = (value: string): string =>
  value.replace(/^(['"])(.*)\1$/, '$2').replaceAll(/\\(["$`\\])/g, '$1')

const RHEL = new Set(['rhel', 'centos', 'fedora', 'rocky', 'almalinux', 'ol'])

export function parseOsRelease(text: string): OsRelease {
  const fields = new Map(
    [...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map((match) => [match[1] ?? '', unquote(match[2] ?? '')]),
  )
  const id = fields.get('ID') ?? 'unknown'
  const like = [id, ...(fields.get('ID_LIKE') ?? '').split(' ')]
  const version = fields.get('VERSION_ID') ?? ''
  return {
    id,
    family: like.includes('debian') ? 'debian' : like.some((name) => RHEL.has(name)) ? 'rhel' : id,
    version,
    major: Number.parseInt(version, 10) || 0,
    codename: fields.get('VERSION_CODENAME') ?? '',
  }
}

/** What system the host runs; the one key is `os`. */
export const os: Reading<OsRelease> = {
  name: 'os-release',
  command: () => ({ argv: ['cat', '/etc/os-release'] }),
  parse: ({ stdout }, keys) => new Map(keys.map((key) => [key, parseOsRelease(stdout)])),
  resource: () => 'file:/etc/os-release',
}
