import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reveal, Secret } from '../../../src/lib/secret.ts'
import { derive } from '../../../src/stacks/patroni/derive.ts'
import { init } from '../../../src/stacks/patroni/init.ts'
import { createTemplates } from '../../../src/template/template.ts'
import { clusterOf, host, HOSTS } from './cluster.ts'

const golden = (name: string): string => join(import.meta.dirname, 'golden', name)
const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const TEMPLATE = join(import.meta.dirname, '../../../templates/patroni/config.yml.hbs')
const SECRETS = Object.fromEntries(
  ['patroni_rest', 'superuser', 'replication', 'rewind', 'etcd_patroni'].map((name) => [
    `${name}_password`,
    new Secret(`${name} "quoted" \\ password`),
  ]),
)

function configOf(raw: Parameters<typeof clusterOf>[0] = {}): string {
  const cluster = clusterOf(raw)
  const scope = {
    inventory_hostname: 'pg1',
    address: '10.77.0.11',
    secrets: SECRETS,
    cluster: { ...cluster.vars, ...derive(cluster) },
  }
  const rendered = createTemplates().render(readFileSync(TEMPLATE, 'utf8'), scope)
  expect(rendered).toBeInstanceOf(Secret)
  return reveal(rendered as Secret)
}

test.each(['async', 'sync', 'strict', 'quorum'])('the configuration in mode %s', async (mode) => {
  const cluster = clusterOf({
    replication: { mode },
    postgres: { settings: { work_mem: '16MB', fsync: true } },
  })
  const { dynamic, hba, times } = derive(cluster)
  await expect(text({ times, dynamic, hba })).toMatchFileSnapshot(golden(`dynamic-${mode}.json`))
})

test("a member's file, with TLS and without", async () => {
  await expect(configOf()).toMatchFileSnapshot(golden('config-tls.yml'))
  const plain = { etcd: { tls: false, auth: true }, patroni: { rest: { tls: false } } }
  await expect(configOf(plain)).toMatchFileSnapshot(golden('config-plain.yml'))
})

test("the user's keys win, key by key", () => {
  const settings = { ttl: 40, postgresql: { parameters: { work_mem: '1GB' } }, synchronous_mode_strict: null }
  const { dynamic, times } = derive(clusterOf({ patroni: { settings } })) as Record<
    string,
    Record<string, unknown>
  >
  expect(times).toMatchObject({ ttl: 40 })
  expect(dynamic).toMatchObject({
    ttl: 40,
    postgresql: { use_pg_rewind: true, parameters: { work_mem: '1GB', wal_level: 'replica' } },
  })
  expect(dynamic).toHaveProperty('synchronous_mode_strict', null)
})

test('what Patroni sets itself is not among the parameters', () => {
  const { dynamic } = derive(clusterOf()) as { dynamic: { postgresql: { parameters: object } } }
  const names = Object.keys(dynamic.postgresql.parameters)
  expect(names.filter((name) => ['hot_standby', 'port', 'listen_addresses'].includes(name))).toEqual([])
})

test('etcd on hosts of its own, and a proxy host, are no members', () => {
  const hosts = [...HOSTS, host('e1', '10.77.0.31', {}, ['etcd']), host('lb1', '10.77.0.41', {}, ['proxy'])]
  const derived = derive(clusterOf({ routing: { by: 'haproxy' }, writer_vip: undefined }, hosts))
  expect(derived['nodes']).toHaveLength(5)
  expect(derived).toMatchObject({
    others: ['pg2', 'pg3'],
    proxies: ['lb1'],
    dcs: { hosts: ['e1'], endpoints: ['10.77.0.31:2379'] },
  })
})

test('init writes an inventory that is sound, with etcd beside two members', async () => {
  const hosts = new Map(HOSTS.map(({ name, connection }) => [name, connection.address]))
  const options = { cluster: 'pgcluster', hosts, writerVip: '10.77.0.20/24' }
  await expect(init(options).get('inventory.yml')).toMatchFileSnapshot(golden('init-3.yml'))
  const two = init({ ...options, hosts: new Map([...hosts].slice(0, 2)) })
  await expect(two.get('inventory.yml')).toMatchFileSnapshot(golden('init-2.yml'))
})

test('a host reached by a name gets its address into /etc/hosts from its links', () => {
  const named = host('pg1', 'pg1.example.com', { links: ['10.77.0.11'] })
  const { nodes } = derive(clusterOf({}, [named, ...HOSTS.slice(1)])) as { nodes: readonly object[] }
  expect(nodes[0]).toEqual({ name: 'pg1', addresses: ['10.77.0.11'] })
})
