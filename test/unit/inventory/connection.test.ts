import { homedir } from 'node:os'
import { expect, test } from 'vitest'
import { addressFault, inNetwork, parseCidr, sameAddress } from '../../../src/inventory/address.ts'
import { connectionOf } from '../../../src/inventory/connection.ts'
import type { Vars } from '../../../src/inventory/inventory.ts'
import { expandHosts } from '../../../src/inventory/ranges.ts'
import { parseSshArgs, splitWords } from '../../../src/inventory/ssh-args.ts'
import { Secret } from '../../../src/lib/secret.ts'

test.each([
  ['pg1', ['pg1']],
  ['pg[1:3]', ['pg1', 'pg2', 'pg3']],
  ['pg[08:11]', ['pg08', 'pg09', 'pg10', 'pg11']],
  ['[a:c]x', ['ax', 'bx', 'cx']],
  ['n[0:6:3]', ['n0', 'n3', 'n6']],
  [
    'r[1:2]-[a:b].example.org',
    ['r1-a.example.org', 'r1-b.example.org', 'r2-a.example.org', 'r2-b.example.org'],
  ],
  ['n[:2]', ['n0', 'n1', 'n2']],
])('%s', (key, names) => {
  expect(expandHosts(key)).toEqual({ names })
})

test('a port behind the name is the port of every host', () => {
  expect(expandHosts('p[1:2]:2222')).toEqual({ names: ['p1', 'p2'], port: 2222 })
  expect(expandHosts('fd00::1')).toEqual({ names: ['fd00::1'] })
})

test.each(['a[3:1]', 'a[1:', 'a[1]', 'a[1:2:0]', 'a[08:9]', 'a[1:z]', 'a[1:2:3:4]', 'a[1:99999]'])(
  '%s is wrong',
  (key) => {
    expect(expandHosts(key)).toHaveProperty('wrong')
  },
)

test.each(['10.0.0.1', 'fd00::1', 'pg1', 'pg-1.example.org', 'db_1'])('%s is an address', (text) => {
  expect(addressFault(text)).toBeUndefined()
})

test.each(['', '10.0.0.300', '10.0.0', '10.0.0.1/24', 'fd00::zz', 'a b', '-pg1', 'pg1..x'])(
  '"%s" is none',
  (text) => {
    expect(addressFault(text)).toBeDefined()
  },
)

test('networks and spellings of addresses', () => {
  const network = parseCidr('10.0.0.20/24')
  expect(network && inNetwork(network, '10.0.0.255')).toBe(true)
  expect(network && inNetwork(network, '10.0.1.1')).toBe(false)
  expect(network && inNetwork(network, 'fd00::1')).toBe(false)
  expect(['10.0.0.1', '10.0.0.1/33', '10.0.0.1/x', 'pg1/24', '10.0.0.1/24/1'].map(parseCidr)).toEqual(
    Array(5).fill(undefined),
  )
  expect(sameAddress('fd00::1', 'fd00:0:0::1')).toBe(true)
  expect(sameAddress('pg1', 'pg2')).toBe(false)
})

test('words are split like a shell splits them', () => {
  expect(splitWords(`a 'b c' "d \\"e" f\\ g ''`)).toEqual(['a', 'b c', 'd "e', 'f g', ''])
})

test('of the SSH arguments, what hactl acts on is taken and the rest is named', () => {
  expect(
    parseSshArgs(
      `-o ProxyCommand="ssh -W %h:%p jump" -oUserKnownHostsFile=kh -J a,b -i key -o StrictHostKeyChecking=no -C`,
    ),
  ).toEqual({
    spec: {
      proxyCommand: 'ssh -W %h:%p jump',
      knownHostsFiles: ['kh'],
      proxyJump: 'a,b',
      privateKeyFile: 'key',
    },
    ignored: ['-o StrictHostKeyChecking=no', '-C'],
  })
})

const connect = (vars: Vars) => connectionOf({ host: 'pg1', dir: '/inv', vars, written: new Map() })

test('a host without variables is reached by its name over ssh', () => {
  expect(connect({})).toEqual({
    connection: {
      host: 'pg1',
      kind: 'ssh',
      address: 'pg1',
      become: false,
      becomeUser: 'root',
      connectTimeoutMs: 10_000,
    },
    diagnostics: [],
  })
})

test('every connection variable arrives, files are relative to the inventory', () => {
  const password = new Secret('x')
  const { connection, diagnostics } = connect({
    ansible_host: '10.0.0.1',
    ansible_port: 2222,
    ansible_user: 'deploy',
    ansible_ssh_private_key_file: 'keys/id',
    ansible_become: true,
    ansible_become_user: 'admin',
    ansible_become_password: password,
    ansible_password: password,
    ansible_ssh_timeout: 3,
    ansible_ssh_common_args: '-o UserKnownHostsFile="~/kh other" -J jump',
  })
  expect(diagnostics).toEqual([])
  expect(connection).toEqual({
    host: 'pg1',
    kind: 'ssh',
    address: '10.0.0.1',
    port: 2222,
    user: 'deploy',
    privateKeyFile: '/inv/keys/id',
    become: true,
    becomeUser: 'admin',
    becomePassword: password,
    password,
    connectTimeoutMs: 3000,
    knownHostsFiles: [`${homedir()}/kh`, '/inv/other'],
    proxyJump: 'jump',
  })
})
