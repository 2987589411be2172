import { expect, test } from 'vitest'
import { check } from '../../../src/stacks/patroni/check.ts'
import { clusterOf, host, HOSTS } from './cluster.ts'

const codes = (...args: Parameters<typeof clusterOf>): string[] =>
  check(clusterOf(...args)).map(({ code }) => code)
const TWO = HOSTS.slice(0, 2)

test('three members with the defaults are fine', () => {
  expect(check(clusterOf())).toEqual([])
})

test('an even number of etcd members is refused, one is warned about', () => {
  const [even] = check(clusterOf({}, TWO))
  expect(even).toMatchObject({ code: 'patroni/etcd-members', severity: 'error' })
  expect(even?.hint).toContain('three or five')
  const one = check(clusterOf({}, [...TWO, host('e1', '10.77.0.31', {}, ['etcd'])]))
  expect(one).toMatchObject([{ code: 'patroni/etcd-members', severity: 'warning' }])
})

test('two members and three etcd hosts are fine: a serving host is no member', () => {
  const [pg1, pg2] = [
    host('pg1', '10.77.0.11', {}, ['postgres', 'etcd']),
    host('pg2', '10.77.0.12', {}, ['postgres', 'etcd']),
  ]
  expect(codes({}, [pg1, pg2, host('e1', '10.77.0.31', {}, ['etcd'])])).toEqual([])
})

test.each([
  [
    'the lease ends while the primary still tries',
    { ttl: 20, loop_wait: 10, retry_timeout: 10 },
    '10 + 2 * 10 = 30',
  ],
  ['a lease below the least', { ttl: 10, loop_wait: 1, retry_timeout: 3 }, 'ttl is 10'],
  ['too little patience', { retry_timeout: 1 }, 'retry_timeout is 1'],
])('times that do not fit: %s', (_, settings, why) => {
  const [found] = check(clusterOf({ patroni: { settings } }))
  expect(found?.code).toBe('patroni/timing')
  expect(found?.detail).toContain(why)
})

test.each(['fast', 'normal', 'safe'])('the times of profile %s fit', (timing) => {
  expect(codes({ timing })).toEqual([])
})

test('a virtual address and the way to it belong together', () => {
  expect(codes({ writer_vip: undefined })).toEqual(['patroni/no-vip'])
  expect(codes({ routing: { by: 'none' } })).toEqual(['patroni/unused-vip'])
  expect(codes({ routing: { by: 'none' }, writer_vip: undefined })).toEqual([])
  expect(codes({ routing: { by: 'haproxy' }, writer_vip: undefined })).toEqual([])
  const proxy = host('lb1', '10.77.0.41', {}, ['proxy'])
  expect(codes({ routing: { by: 'haproxy' } }, [...HOSTS, proxy])).toEqual(['patroni/one-proxy'])
})

test('a firewall that is opened for ports alone keeps the proxies from hearing each other', () => {
  const routing = { by: 'haproxy' }
  const firewall = { open_ports: true }
  const found = check(clusterOf({ routing, firewall }))
  expect(found).toMatchObject([{ code: 'patroni/vrrp', severity: 'warning' }])
  expect(found[0]?.hint).toContain('vrrp')
  expect(codes({ routing })).toEqual([])
  expect(codes({ firewall })).toEqual([])
  expect(codes({ routing, firewall, writer_vip: undefined })).toEqual([])
})

test('two programs on one port are refused', () => {
  expect(codes({ postgres: { port: 8008 } })).toEqual(['patroni/same-port'])
  expect(codes({ postgres: { port: 5000 }, routing: { by: 'haproxy' } })).toEqual(['patroni/same-port'])
  expect(codes({ postgres: { port: 5000 } })).toEqual([])
})

test('settings that Patroni sets are refused, harmless values of them are not', () => {
  expect(codes({ postgres: { settings: { synchronous_standby_names: 'pg2' } } })).toEqual([
    'patroni/owned-setting',
  ])
  expect(codes({ postgres: { settings: { wal_level: 'logical' } } })).toEqual([])
})

test('roles of the cluster are not to be had, and owners must exist', () => {
  expect(codes({ postgres: { roles: [{ name: 'rewind' }] } })).toEqual(['patroni/owned-role'])
  expect(codes({ postgres: { databases: [{ name: 'app', owner: 'nobody' }] } })).toEqual([
    'patroni/unknown-owner',
  ])
})

test('more standbys than there are cannot confirm', () => {
  expect(codes({ replication: { synchronous_nodes: 3 } })).toEqual(['patroni/too-many-sync'])
  expect(codes({ replication: { synchronous_nodes: 3, mode: 'async' } })).toEqual([])
})

test('tags: a slip of a known one, and a member to replicate from that is none', () => {
  const tagged = (tags: unknown) => [host('pg1', '10.77.0.11', { tags }), ...HOSTS.slice(1)]
  expect(codes({}, tagged({ no_failover: true }))).toEqual(['patroni/tags'])
  expect(codes({}, tagged({ replicatefrom: 'pg9' }))).toEqual(['patroni/tags'])
  expect(codes({}, tagged({ replicatefrom: 'pg1' }))).toEqual(['patroni/tags'])
  expect(codes({}, tagged(['nofailover']))).toEqual(['patroni/tags'])
  expect(codes({}, tagged({ nofailover: true, rack: 'a' }))).toEqual([])
})

test('a name is no address', () => {
  expect(codes({}, [host('pg1', 'pg1.example.com'), ...HOSTS.slice(1)])).toContain('cluster/no-address')
})

test('an IPv6 address of a member is refused once, with what to write', () => {
  const found = check(clusterOf({}, [host('pg1', '2001:db8::11'), ...HOSTS.slice(1)]))
  expect(found.map(({ code }) => code)).toEqual(['patroni/ipv6'])
  expect(found[0]?.hint).toContain('IPv4')
})
