import { createHash, createHmac, randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { matchesPatterns } from './ssh-text.ts'

interface Entry {
  readonly file: string
  readonly line: number
  /** Type and base64 key, as in the file. */
  readonly type: string
  readonly key: string
  readonly revoked: boolean
}

/** Entries by plain name; hashed and wildcard ones have to be tried. */
export interface KnownHosts {
  readonly plain: ReadonlyMap<string, readonly Entry[]>
  readonly hashed: readonly { readonly salt: Buffer; readonly hash: string; readonly entry: Entry }[]
  readonly patterns: readonly { readonly patterns: readonly string[]; readonly entry: Entry }[]
  /** `@cert-authority` lines, which are not supported. */
  readonly authorities: readonly { readonly patterns: readonly string[]; readonly at: string }[]
}

export type Verdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  /** `other`: no key of this type is on record, but one of another type is. */
  | {
      readonly kind: 'changed' | 'revoked' | 'other'
      readonly at: string
      /** Type and fingerprint of the recorded key. */
      readonly known: string
    }

/** `SHA256:…` as ssh prints it, from the key's wire form. */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** The algorithm name inside a key's wire form, e.g. `ssh-ed25519`. */
export const keyType = (key: Buffer): string => key.toString('latin1', 4, 4 + key.readUInt32BE(0))

/** How a host is written in known_hosts: `name`, or `[name]:port` for another port than 22. */
export const knownHostName = (host: string, port: number): string =>
  port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`

interface Tables {
  readonly plain: Map<string, Entry[]>
  readonly hashed: { salt: Buffer; hash: string; entry: Entry }[]
  readonly patterns: { patterns: readonly string[]; entry: Entry }[]
  readonly authorities: { patterns: readonly string[]; at: string }[]
}

/** Marker, names, type and key of a line; undefined for comments and what is no entry. */
function splitLine(
  text: string,
): { marker: string | undefined; names: string; type: string; key: string } | undefined {
  const fields = text.trim().split(/\s+/)
  const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined
  const [names, type, key] = fields
  if (names === undefined || names.startsWith('#') || type === undefined || key === undefined)
    return undefined
  return { marker, names, type, key }
}

function addEntry(tables: Tables, names: string, entry: Entry): void {
  const hashed = /^\|1\|([^|]+)\|(.+)$/.exec(names)
  if (hashed) {
    tables.hashed.push({ salt: Buffer.from(hashed[1] ?? '', 'base64'), hash: hashed[2] ?? '', entry })
    return
  }
  const list = names.toLowerCase().split(',')
  if (list.some((name) => /[*?!]/.test(name))) tables.patterns.push({ patterns: list, entry })
  else for (const name of list) tables.plain.set(name, [...(tables.plain.get(name) ?? []), entry])
}

function addLine(tables: Tables, text: string, file: string, line: number): void {
  const found = splitLine(text)
  if (!found) return
  const { marker, names, type, key } = found
  if (marker === '@cert-authority')
    tables.authorities.push({ patterns: names.toLowerCase().split(','), at: `${file}:${line}` })
  else addEntry(tables, names, { file, line, type, key, revoked: marker === '@revoked' })
}

/** Reads known_hosts files; a file that is missing or unreadable counts as empty. */
export function readKnownHosts(files: readonly string[]): KnownHosts {
  const tables: Tables = { plain: new Map(), hashed: [], patterns: [], authorities: [] }
  for (const file of files) {
    let text = ''
    try {
      text = readFileSync(file, 'utf8')
    } catch {
      continue
    }
    for (const [index, line] of text.split('\n').entries()) addLine(tables, line, file, index + 1)
  }
  return tables
}

const hashName = (name: string, salt: Buffer): string =>
  createHmac('sha1', salt).update(name).digest('base64')

function entriesFor(known: KnownHosts, name: string): readonly Entry[] {
  return [
    ...(known.plain.get(name) ?? []),
    ...known.hashed.filter(({ salt, hash }) => hashName(name, salt) === hash).map(({ entry }) => entry),
    ...known.patterns.filter(({ patterns }) => matchesPatterns(name, patterns)).map(({ entry }) => entry),
  ]
}

/** The key types recorded for a host: they are asked for first, so that the key that is shown can be compared. */
export const knownTypes = (known: KnownHosts, name: string): readonly string[] => [
  ...new Set(
    entriesFor(known, name)
      .filter((entry) => !entry.revoked)
      .map((entry) => entry.type),
  ),
]

/** The line that trusts an authority to sign the keys of a host. */
export const authorityFor = (known: KnownHosts, name: string): string | undefined =>
  known.authorities.find(({ patterns }) => matchesPatterns(name, patterns))?.at

/**
 * Compares the key a host showed with what is recorded. A key of a type that is not recorded is unknown, and `other` when
 * one of another type is: who cannot show the recorded key may show one of another kind.
 */
export function checkHostKey(known: KnownHosts, name: string, key: Buffer): Verdict {
  const shown = key.toString('base64')
  const type = keyType(key)
  const all = entriesFor(known, name)
  const entries = all.filter((entry) => entry.type === type)
  const describe = (entry: Entry): { at: string; known: string } => ({
    at: `${entry.file}:${entry.line}`,
    known: `${entry.type} ${fingerprint(Buffer.from(entry.key, 'base64'))}`,
  })
  const revoked = entries.find((entry) => entry.revoked && entry.key === shown)
  if (revoked) return { kind: 'revoked', ...describe(revoked) }
  const valid = entries.filter((entry) => !entry.revoked)
  if (valid.some((entry) => entry.key === shown)) return { kind: 'known' }
  if (valid[0]) return { kind: 'changed', ...describe(valid[0]) }
  const other = all.find((entry) => !entry.revoked)
  return other ? { kind: 'other', ...describe(other) } : { kind: 'unknown' }
}

/** Appends keys of a host to a known_hosts file, which is made (0600) when missing. */
export function recordHostKeys(file: string, name: string, keys: readonly Buffer[], hashed: boolean): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  let start = ''
  try {
    const old = readFileSync(file, 'utf8')
    if (old !== '' && !old.endsWith('\n')) start = '\n'
  } catch {
    // Missing: it is made below.
  }
  const lines = keys.map((key) => {
    const salt = randomBytes(20)
    const shown = hashed ? `|1|${salt.toString('base64')}|${hashName(name, salt)}` : name
    return `${shown} ${keyType(key)} ${key.toString('base64')}\n`
  })
  appendFileSync(file, start + lines.join(''), { mode: 0o600 })
}
