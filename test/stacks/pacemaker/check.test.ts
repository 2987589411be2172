import { expect, test } from 'vitest'
import { checkSchema } from '../../../src/schema/validate.ts'
import { pacemaker } from '../../../src/stacks/pacemaker/index.ts'
import { vars } from '../../../src/stacks/pacemaker/vars.ts'
import { clusterOf, host, HOSTS } from './cluster.ts'

const check = (cluster: ReturnType<typeof clusterOf>) => pacemaker.check(cluster)
const codes = (...args: Parameters<typeof clusterOf>): string[] =>
  check(clusterOf(...args)).map(({ code }) => code)
const TWO = HOSTS.slice(0, 2)

test('three members with the defaults are fine', () => {
  expect(check(clusterOf())).toEqual([])
})

test('two members without a guard are refused, and the message says what to write', () => {
  const [found] = check(clusterOf({}, TWO))
  expect(found?.code).toBe('topology/no-guard')
  expect(found?.hint).toContain('guard: { none:')
})

test('two members with the risk accepted in words are fine', () => {
  expect(codes({ guard: { none: 'I accept split brain' } }, TWO)).toEqual([])
})

test.each([
  ['guard', { guard: { qdevice: { host: 'w' } } }],
  ['replication', { replication: { mode: 'strict' } }],
  ['replication', { replication: { mode: 'quorum' } }],
])('what this stack does not have is not in its schema: %s', (key, raw) => {
  const { vars: filled } = clusterOf(raw)
  const where = (path: readonly (string | number)[]) => ({ file: path.join('.'), line: 1, col: 1 })
  const found = checkSchema(vars, filled, { area: 'inventory', where, name: 'cluster' })
  expect(found.map(({ at }) => at?.file.split('.')[0])).toEqual([key])
})

test('a wal_sender_timeout shorter than an isolated primary lives is refused with the least value', () => {
  const [found] = check(clusterOf({ postgres: { settings: { wal_sender_timeout: '5s' } } }))
  expect(found?.code).toBe('pacemaker/timing')
  expect(found?.hint).toMatch(/at least \d+s/)
})

test('wal_sender_timeout may be longer, in any unit, or off', () => {
  for (const value of ['2min', '60s', 60_000, 0]) {
    expect(codes({ postgres: { settings: { wal_sender_timeout: value } } })).toEqual([])
  }
})

test('settings that belong to the cluster are refused, harmless values of them are not', () => {
  expect(codes({ postgres: { settings: { synchronous_standby_names: 'pg2' } } })).toEqual([
    'pacemaker/owned-setting',
  ])
  expect(codes({ postgres: { settings: { wal_level: 'minimal' } } })).toEqual(['pacemaker/owned-setting'])
  expect(codes({ postgres: { settings: { wal_level: 'logical' } } })).toEqual([])
})

test('members need the same number of links, at most two', () => {
  const uneven = [host('pg1', '10.77.0.11', { links: ['10.77.0.11', '10.77.1.11'] }), HOSTS[1]!, HOSTS[2]!]
  expect(codes({}, uneven)).toEqual(['pacemaker/links'])
  const three = { links: ['10.77.0.1', '10.77.1.1', '10.77.2.1'] }
  expect(
    codes(
      {},
      ['pg1', 'pg2', 'pg3'].map((name) => host(name, '10.77.0.1', three)),
    ),
  ).toEqual(['pacemaker/links'])
})

test('one member is too few, and capital letters confuse the agent', () => {
  expect(codes({}, [HOSTS[0]!])).toEqual(['pacemaker/too-few-members'])
  expect(codes({}, [host('PG1', '10.77.0.11'), HOSTS[1]!, HOSTS[2]!])).toEqual(['pacemaker/upper-case'])
})

test('the replication role and unknown owners of databases are refused', () => {
  expect(codes({ postgres: { roles: [{ name: 'replicator' }] } })).toEqual(['pacemaker/owned-role'])
  expect(codes({ postgres: { databases: [{ name: 'a', owner: 'nobody' }] } })).toEqual([
    'pacemaker/unknown-owner',
  ])
})

const witness = (name: string, more = {}) => host(name, '10.77.0.14', more, ['witness'])

test('two members and a witness need no guard', () => {
  expect(codes({}, [...TWO, witness('w1')])).toEqual([])
})

test('a witness beside three members makes the votes even: a warning says so', () => {
  const [found, ...more] = check(clusterOf({}, [...HOSTS, witness('w1')]))
  expect(more).toEqual([])
  expect(found).toMatchObject({ code: 'pacemaker/even-votes', severity: 'warning' })
  expect(found?.summary).toContain('4 votes')
})

test('a second witness and a witness beside one member are refused', () => {
  expect(codes({}, [...TWO, witness('w1'), witness('w2')])).toEqual(['pacemaker/witnesses'])
  expect(codes({}, [HOSTS[0]!, witness('w1')])).toContain('pacemaker/too-few-members')
})

test('a witness follows the rules of a node: its name, its links, its address, its vote in the times', () => {
  expect(codes({}, [...TWO, witness('W1')])).toEqual(['pacemaker/upper-case'])
  const links = { links: ['10.77.0.14', '10.77.1.14'] }
  expect(codes({}, [...TWO, witness('w1', links)])).toEqual(['pacemaker/links'])
  const named = host('w1', 'w1.example.com', {}, ['witness'])
  expect(codes({}, [...TWO, named])).toEqual(['cluster/no-address'])
  // Two members alone are content with 18 s; with the witness the token is longer.
  const postgres = { settings: { wal_sender_timeout: '16s' } }
  expect(codes({ postgres, guard: { none: 'I accept split brain' } }, TWO)).toEqual([])
  expect(codes({ postgres }, [...TWO, witness('w1')])).toEqual(['pacemaker/timing'])
})

test('versions between the supported ones are refused', () => {
  expect(codes({ postgres: { version: 96 } })).toEqual([])
  expect(codes({ postgres: { version: 19 } })).toEqual(['pacemaker/version'])
})

test('every node needs an address of its own', () => {
  const named = [host('pg1', 'pg1.example.com'), HOSTS[1]!, HOSTS[2]!]
  expect(codes({}, named)).toEqual(['cluster/no-address'])
  const linked = [host('pg1', 'pg1.example.com', { links: ['10.77.0.11'] }), HOSTS[1]!, HOSTS[2]!]
  expect(codes({ firewall: { open_ports: true } }, linked)).toEqual([])
})
