import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Secret } from '../../../../src/lib/secret.ts'
import { parseMembers, parseRole, parseStatus, parseUser } from '../../../../src/modules/etcd/answers.ts'
import { etcdctl } from '../../../../src/modules/etcd/etcdctl.ts'
import { waitingFor } from '../../../../src/modules/etcd/etcd_wait.ts'
import { clusterId, clusterOfLog, PACKAGED } from '../../../../src/modules/etcd/identity.ts'

const captured = (name: string): string => readFileSync(join(import.meta.dirname, 'captured', name), 'utf8')
const URLS = ['https://10.77.0.11:2380', 'https://10.77.0.12:2380', 'https://10.77.0.13:2380']
const peers = ['pg1', 'pg2', 'pg3'].map((name, index) => ({
  name,
  address: `10.77.0.1${index + 1}`,
  client: `https://10.77.0.1${index + 1}:2379`,
  peer: URLS[index] ?? '',
}))

test('the id that etcd gave a cluster follows from its first members and its token', () => {
  const status = parseStatus(captured('status-3.4.23-one-down.json'))
  expect(clusterId(URLS, 'hactl-etclab')).toBe(status[0]?.cluster)
  expect(clusterId(URLS.toReversed(), 'hactl-etclab')).toBe(status[0]?.cluster)
  expect(clusterId(URLS, 'another')).not.toBe(status[0]?.cluster)
  // The id that every etcd started without settings prints.
  expect(PACKAGED).toBe('cdf818194e3a8c32')
})

test('the log of a data directory tells whose data it is', () => {
  expect(clusterOfLog(captured('wal-3.4.23-three-members.txt'))).toBe(clusterId(URLS, 'hactl-etclab'))
  expect(clusterOfLog('00 '.repeat(256))).toBeUndefined()
  expect(clusterOfLog('68 61 6c 6c 6f')).toBeUndefined()
  expect(clusterOfLog('')).toBeUndefined()
})

test('ids of 64 bits keep all their digits, and members that do not answer are missing', () => {
  const [first, ...rest] = parseStatus(captured('status-3.4.23-one-down.json'))
  expect(first).toEqual({
    endpoint: 'https://10.77.0.12:2379',
    cluster: 'a432e0f03cef0bed',
    member: 'a4a16f5a550d758',
    leader: '4bf18688f78b9903',
    revision: 2,
    version: '3.4.23',
    errors: [],
  })
  expect(rest.map(({ endpoint }) => endpoint)).toEqual(['https://10.77.0.13:2379'])
  expect(parseStatus('')).toEqual([])
  expect(parseStatus('Error: no answer')).toEqual([])
})

test('a member counts as started when it has told its client addresses', () => {
  const members = parseMembers(captured('members-3.4.23.json'))
  expect(members?.map(({ name, started }) => [name, started])).toEqual([
    ['pg2', true],
    ['pg1', true],
    ['pg3', true],
  ])
  const announced = parseMembers('{"members":[{"ID":5,"name":"","peerURLs":["https://10.77.0.13:2380"]}]}')
  expect(announced).toEqual([{ id: '5', name: '', peerUrls: ['https://10.77.0.13:2380'], started: false }])
  expect(parseMembers('')).toBeUndefined()
})

test('permissions are read as words', () => {
  const role =
    '{"perm":[{"permType":2,"key":"L3NlcnZpY2UvZXRjbGFiLw==","range_end":"L3NlcnZpY2UvZXRjbGFiMA=="},{"key":"L2Zvbw=="}]}'
  expect(parseRole(role)).toEqual(['readwrite /service/etclab/ /service/etclab0', 'read /foo'])
  expect(parseUser('{"roles":["patroni"]}')).toEqual(['patroni'])
  expect(parseUser('{}')).toEqual([])
  expect(parseUser('')).toBeUndefined()
})

test('a wait says which member is missing, without a leader, or elsewhere', () => {
  const answers = parseStatus(captured('status-3.4.23-one-down.json'))
  const [second, third] = answers
  if (!second || !third) throw new Error('captured status')
  const first = { ...second, endpoint: 'https://10.77.0.11:2379', member: '1' }
  expect(waitingFor(answers, { peers })).toBe('no answer from etcd on pg1')
  expect(waitingFor(answers, { peers, except: 'pg1' })).toBeUndefined()
  expect(waitingFor([first, second, third], { peers })).toBeUndefined()
  expect(waitingFor([{ ...first, leader: '0' }, second, third], { peers })).toBe('no leader is known on pg1')
  expect(waitingFor([{ ...first, cluster: 'a' }, second, third], { peers })).toContain('pg1: a, pg2: a43')
  expect(waitingFor([{ ...first, errors: ['NOSPACE'] }, second, third], { peers })).toContain('NOSPACE')
})

test('a password reaches etcdctl on standard input only, and TLS only where addresses are secure', () => {
  const tls = { ca: '/ca', cert: '/cert', key: '/key' }
  const access = { tls, root_password: new Secret('geheim') }
  const secured = etcdctl(access, ['https://10.0.0.1:2379'], ['member', 'list'])
  expect(JSON.stringify([secured.argv, secured.env])).not.toContain('geheim')
  expect(secured.stdin).toBeInstanceOf(Secret)
  expect(secured.env).toMatchObject({ ETCDCTL_CACERT: '/ca', ETCDCTL_CERT: '/cert', ETCDCTL_KEY: '/key' })
  const plain = etcdctl({ tls, root_password: '' }, ['http://10.0.0.1:2379'], ['member', 'list'])
  expect(plain).toMatchObject({ env: { ETCDCTL_API: '3' } })
  expect(plain.argv.join(' ')).not.toContain('read -r user')
  expect(plain).not.toHaveProperty('stdin')
})
