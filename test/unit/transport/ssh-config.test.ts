import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { optionsFor, readSshConfig } from '../../../src/transport/ssh-config.ts'
import { jumpSpecs, resolveTarget } from '../../../src/transport/target.ts'
import type { ConnectionSpec } from '../../../src/transport/transport.ts'

const dir = mkdtempSync(join(tmpdir(), 'hactl-config-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

let count = 0
function config(text: string) {
  const file = join(dir, `config${++count}`)
  writeFileSync(file, text)
  return { file, ...readSshConfig([file]) }
}
const SPEC: ConnectionSpec = {
  host: 'pg1',
  kind: 'ssh',
  address: 'pg1',
  become: false,
  becomeUser: 'root',
  connectTimeoutMs: 10_000,
}

test('the first value found holds, patterns match with * ? and !', () => {
  const parsed = config(`
# comment
Host pg? !pg3
  User dba
  Port=2222
host *
  User nobody
  IdentityFile ~/.ssh/all
  IdentitiesOnly yes
Host pg1
  IdentityFile "/keys/of pg1"
  HostName %h.example.org
`)
  expect(optionsFor(parsed, 'pg1')).toMatchObject({
    user: 'dba',
    port: 2222,
    hostName: 'pg1.example.org',
    identityFiles: ['~/.ssh/all', '/keys/of pg1'],
    identitiesOnly: true,
    hashKnownHosts: false,
  })
  expect(optionsFor(parsed, 'pg3')).toMatchObject({ user: 'nobody' })
  expect(optionsFor(parsed, 'pg3').port).toBeUndefined()
})

test('Match is left out with a note, Match all is not', () => {
  const parsed = config('Match user root\n  Port 1\nMatch all\n  User x\n')
  expect(parsed.notes).toEqual([`${parsed.file}:1: "Match user root" is not supported and was left out`])
  expect(optionsFor(parsed, 'any')).toMatchObject({ user: 'x' })
  expect(optionsFor(parsed, 'any').port).toBeUndefined()
})

test('Include reads files, globs too, inside the section it stands in', () => {
  writeFileSync(join(dir, 'a.inc'), 'User included\n')
  writeFileSync(join(dir, 'b.inc'), 'Host other\n  Port 7\n')
  const parsed = config(`Host pg1\n  Include ${dir}/*.inc\n  Port 5\n`)
  expect(optionsFor(parsed, 'pg1')).toMatchObject({ user: 'included', port: 5 })
  expect(optionsFor(parsed, 'other').user).toBeUndefined()
})

test('an Include of itself ends', () => {
  const file = join(dir, 'loop')
  writeFileSync(file, `User loop\nInclude ${file}\n`)
  expect(optionsFor(readSshConfig([file]), 'x').user).toBe('loop')
})

test('the first of ProxyJump and ProxyCommand holds, and none is none', () => {
  const parsed = config(`
Host a
  ProxyJump j
Host b
  ProxyCommand nc %h %p
Host c
  ProxyJump none
Host *
  ProxyJump late
`)
  expect(optionsFor(parsed, 'a').proxyJump).toBe('j')
  expect(optionsFor(parsed, 'b')).toMatchObject({ proxyCommand: 'nc %h %p' })
  expect(optionsFor(parsed, 'b').proxyJump).toBeUndefined()
  expect(optionsFor(parsed, 'c').proxyJump).toBeUndefined()
})

test('the inventory goes before ssh_config, and tokens are filled in', () => {
  const parsed = config(
    'Host pg1\n HostName 10.0.0.1\n Port 22\n User a\n ProxyCommand nc %h %p %r %% %n\n IdentityFile ~/k-%h\n',
  )
  const target = resolveTarget({ ...SPEC, port: 2200, user: 'b' }, parsed)
  expect(target).toMatchObject({
    address: '10.0.0.1',
    port: 2200,
    user: 'b',
    proxyCommand: 'nc 10.0.0.1 2200 b % pg1',
    identityFiles: [join(homedir(), 'k-10.0.0.1')],
    identitiesGiven: true,
    keyName: '10.0.0.1',
  })
  expect(resolveTarget({ ...SPEC, proxyJump: 'j' }, parsed).proxyCommand).toBeUndefined()
})

test('known_hosts files of the inventory are read first', () => {
  const target = resolveTarget(
    { ...SPEC, knownHostsFiles: ['/lab/kh'] },
    config('UserKnownHostsFile /a "/b c"\n'),
  )
  expect(target.knownHostsFiles).toEqual(['/lab/kh', '/a', '/b c', '/etc/ssh/ssh_known_hosts'])
  expect(target.trustFile).toBe('/a')
})

test('a chain of jump hosts', () => {
  const spec = { ...SPEC, proxyJump: 'ann@gate:2222, [fd00::1]:23 ,ssh://inner' }
  const hops = jumpSpecs(resolveTarget(spec, config('')), spec)
  expect(hops.map(({ address, port, user }) => [address, port, user])).toEqual([
    ['gate', 2222, 'ann'],
    ['fd00::1', 23, undefined],
    ['inner', undefined, undefined],
  ])
})
