import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
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

test('Match is asked of ssh, with the user and the port of the inventory; Match all is not', () => {
  const parsed = config(
    'Match user ops\n  Port 2301\nMatch host "db*,10.*" exec "test %n = db1"\n  User dba\nMatch all\n  User x\n',
  )
  expect(parsed.unread).toHaveLength(2)
  expect(optionsFor(parsed, 'any', { user: 'ops' })).toMatchObject({ port: 2301, user: 'ops' })
  expect(optionsFor(parsed, 'any', { user: 'you', port: 5 })).toMatchObject({ port: 5 })
  expect(optionsFor(parsed, 'db1')).toMatchObject({ user: 'dba', port: 22, identityFiles: [] })
  expect(optionsFor(parsed, 'db2')).toMatchObject({ user: 'x' })
  const plain = config('Match all\n  User x\n')
  expect(plain.unread).toEqual([])
  expect(optionsFor(plain, 'any')).toMatchObject({ user: 'x' })
})

test.each([
  ['a token', 'IdentityFile /keys/%i/id\n', { identityFiles: [`/keys/${userInfo().uid}/id`] }],
  ['a variable', 'IdentityFile ${HACTL_TEST_KEYS}/id\n', { identityFiles: ['/keys/id'] }],
  ['a service for a port', 'Port http\n', { port: 80 }],
  ['a token of known hosts', 'UserKnownHostsFile /kh/%h\n', { userKnownHostsFiles: ['/kh/pg1'] }],
])('tokens, variables and services are what ssh takes them for: %s', (_what, text, expected) => {
  process.env['HACTL_TEST_KEYS'] = '/keys'
  const target = resolveTarget(SPEC, config(text))
  const { identityFiles, port, knownHostsFiles } = target
  const got = { identityFiles, port, userKnownHostsFiles: knownHostsFiles.slice(0, 1) }
  expect(got).toMatchObject(expected)
})

test('a configuration that ssh cannot read either is named, and so is what hactl does not follow', () => {
  const parsed = config(
    'Match nonsense\n  Port 5\nHost *\n  KexAlgorithms sntrup761x25519-sha512\n  User x\n',
  )
  const options = optionsFor(parsed, 'pg1')
  expect(options.user).toBe('x')
  expect(options.differs).toEqual([
    `kexalgorithms (${parsed.file}:4)`,
    `${parsed.file}:1: Match nonsense (ssh could not be asked)`,
  ])
})

test('what Vagrant prints is taken as it is', () => {
  const parsed = config(`Host pg1
  HostName 127.0.0.1
  User vagrant
  Port 2222
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking no
  PasswordAuthentication no
  IdentityFile /v/.vagrant/machines/pg1/virtualbox/private_key
  IdentitiesOnly yes
  LogLevel FATAL
  PubkeyAcceptedKeyTypes +ssh-rsa
  HostKeyAlgorithms +ssh-rsa
`)
  expect(parsed.unread).toEqual([])
  expect(resolveTarget(SPEC, parsed)).toMatchObject({
    address: '127.0.0.1',
    port: 2222,
    user: 'vagrant',
    keyPolicy: 'off',
    trustFile: '/dev/null',
  })
})

test('Include reads files, globs too, inside the section it stands in', () => {
  writeFileSync(join(dir, 'a.inc'), 'User included\n')
  writeFileSync(join(dir, 'b.inc'), 'Host other\n  Port 7\n')
  const parsed = config(`Host pg1\n  Include ${dir}/*.inc\n  Port 5\n`)
  expect(optionsFor(parsed, 'pg1')).toMatchObject({ user: 'included', port: 5 })
  expect(optionsFor(parsed, 'other').user).toBeUndefined()
})

test('Include takes wildcards in folders, and as a shell leaves hidden names out', () => {
  for (const name of ['a', 'b', '.c']) {
    mkdirSync(join(dir, 'conf.d', name), { recursive: true })
    writeFileSync(join(dir, 'conf.d', name, 'net.conf'), `Host n${name}\n  Port 230${name.length}\n`)
  }
  const parsed = config(`Include ${dir}/conf.d/*/net.conf\nHost na\n  HostName 127.0.0.1 # here\n`)
  expect(parsed.unread).toEqual([])
  expect(optionsFor(parsed, 'na')).toMatchObject({ port: 2301, hostName: '127.0.0.1' })
  expect(optionsFor(parsed, 'nb').port).toBe(2301)
  expect(optionsFor(parsed, 'n.c').port).toBeUndefined()
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
  expect(target.knownHostsFiles).toEqual([
    '/lab/kh',
    '/a',
    '/b c',
    '/etc/ssh/ssh_known_hosts',
    '/etc/ssh/ssh_known_hosts2',
  ])
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
