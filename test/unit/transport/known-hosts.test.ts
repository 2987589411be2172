import { createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import {
  authorityFor,
  checkHostKey,
  fingerprint,
  keyType,
  knownHostName,
  knownTypes,
  readKnownHosts,
  recordHostKeys,
} from '../../../src/transport/known-hosts.ts'

const dir = mkdtempSync(join(tmpdir(), 'hactl-known-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const key = (type: string, seed: number): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(type.length)
  return Buffer.concat([length, Buffer.from(type), Buffer.alloc(36, seed)])
}
const A = key('ssh-ed25519', 1)
const B = key('ssh-ed25519', 2)
const RSA = key('ssh-rsa', 3)
const line = (names: string, of: Buffer, marker = ''): string =>
  `${marker}${names} ${keyType(of)} ${of.toString('base64')} comment\n`

let count = 0
function known(text: string) {
  const file = join(dir, `known${++count}`)
  writeFileSync(file, text)
  return { file, table: readKnownHosts(['/does/not/exist', file]) }
}
const kindOf = (text: string, name: string, of = A): string => checkHostKey(known(text).table, name, of).kind

test('plain names, lists and ports', () => {
  expect(kindOf(line('pg1,10.0.0.1', A), '10.0.0.1')).toBe('known')
  expect(kindOf(line('PG1', A), 'pg1')).toBe('known')
  expect(kindOf(line('[pg1]:2222', A), knownHostName('pg1', 2222))).toBe('known')
  expect(kindOf(line('pg1', A), knownHostName('pg1', 2222))).toBe('unknown')
  expect(kindOf(`# pg1\n\n${line('pg2', A)}`, 'pg1')).toBe('unknown')
})

test('wildcards and negation', () => {
  expect(kindOf(line('*.db,!bad.db', A), 'x.db')).toBe('known')
  expect(kindOf(line('*.db,!bad.db', A), 'bad.db')).toBe('unknown')
  expect(kindOf(line('10.0.0.?', A), '10.0.0.7')).toBe('known')
  expect(kindOf(line('[*]:22??', A), knownHostName('pg1', 2201))).toBe('known')
})

test('hashed names', () => {
  const salt = randomBytes(20)
  const hash = createHmac('sha1', salt).update('pg1').digest('base64')
  const text = line(`|1|${salt.toString('base64')}|${hash}`, A)
  expect(kindOf(text, 'pg1')).toBe('known')
  expect(kindOf(text, 'pg2')).toBe('unknown')
  expect(kindOf(text, 'pg1', B)).toBe('changed')
})

test('a changed key names file, line and the recorded fingerprint', () => {
  const { file, table } = known(`\n${line('pg1', A)}`)
  expect(checkHostKey(table, 'pg1', B)).toEqual({
    kind: 'changed',
    at: `${file}:2`,
    known: `ssh-ed25519 ${fingerprint(A)}`,
  })
})

test('a second key of one kind is accepted; a key of another kind than the recorded one is told from an unknown one', () => {
  expect(kindOf(line('pg1', A) + line('pg1', B), 'pg1', B)).toBe('known')
  const { file, table } = known(line('pg1', RSA))
  expect(checkHostKey(table, 'pg1', A)).toEqual({
    kind: 'other',
    at: `${file}:1`,
    known: `ssh-rsa ${fingerprint(RSA)}`,
  })
  expect(kindOf(line('pg2', RSA), 'pg1')).toBe('unknown')
  expect(knownTypes(known(line('pg1', RSA) + line('pg2', A)).table, 'pg1')).toEqual(['ssh-rsa'])
})

test('a revoked key is refused even when it is recorded too', () => {
  expect(kindOf(line('pg1', A) + line('*', A, '@revoked '), 'pg1')).toBe('revoked')
})

test('certificate authorities are noted and trusted for nothing', () => {
  const { file, table } = known(line('pg1', A, '@cert-authority '))
  expect(authorityFor(table, 'pg1')).toBe(`${file}:1`)
  expect(authorityFor(table, 'pg2')).toBeUndefined()
  expect(checkHostKey(table, 'pg1', A).kind).toBe('unknown')
})

test.each([true, false])('what is recorded is found again (hashed: %s)', (hashed) => {
  const file = join(dir, `new${String(hashed)}`, 'known_hosts')
  recordHostKeys(file, 'pg1', [A, RSA], hashed)
  writeFileSync(file, readFileSync(file, 'utf8').trimEnd())
  recordHostKeys(file, '[pg2]:2222', [B], hashed)
  const table = readKnownHosts([file])
  expect(checkHostKey(table, 'pg1', RSA).kind).toBe('known')
  expect(checkHostKey(table, '[pg2]:2222', B).kind).toBe('known')
  expect(readFileSync(file, 'utf8').includes('pg1')).toBe(!hashed)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})
