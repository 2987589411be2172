import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { constraintsOf } from '../../../src/stacks/pacemaker/constraints.ts'
import { pgsql } from '../../../src/stacks/pacemaker/agents/pgsql.ts'
import { factsOf } from '../../../src/stacks/pacemaker/derive.ts'
import { pacemaker } from '../../../src/stacks/pacemaker/index.ts'
import { init } from '../../../src/stacks/pacemaker/init.ts'
import { commandsOf, commandsOn } from '../../../src/stacks/pacemaker/readings.ts'
import { clusterOf, host, HOSTS } from './cluster.ts'

const derive = (cluster: ReturnType<typeof clusterOf>) => pacemaker.derive(cluster)
const golden = (name: string): string => join(import.meta.dirname, 'golden', name)
const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const VERSIONS = [96, 11, 12, 13, 15, 16, 17, 18]

test.each(VERSIONS)('settings, pg_hba.conf and the agent for PostgreSQL %i', async (version) => {
  const cluster = clusterOf({
    postgres: { version, settings: { work_mem: '16MB' }, hba: ['host app app 10.77.0.0/24 scram-sha-256'] },
  })
  const { pg, settings, hba, database } = derive(cluster)
  await expect(text({ pg, settings, hba, database })).toMatchFileSnapshot(golden(`postgres-${version}.json`))
})

test('names of a version are not used for another', () => {
  const settings = (version: number) => derive(clusterOf({ postgres: { version } }))['settings'] as object
  expect(settings(12)).toHaveProperty('wal_keep_segments')
  expect(settings(13)).toHaveProperty('wal_keep_size')
  const sql = (version: number) =>
    commandsOf(factsOf(clusterOf({ postgres: { version } }))).sql.argv.join(' ')
  expect(sql(96)).toContain('pg_current_xlog_location')
  expect(sql(15)).not.toContain('xlog_location')
})

test.each(['fast', 'normal', 'safe'])('resources and constraints with timing %s', async (timing) => {
  const { writer, reader, properties, defaults, constraints, times } = derive(clusterOf({ timing }))
  await expect(text({ times, properties, defaults, writer, reader, constraints })).toMatchFileSnapshot(
    golden(`resources-${timing}.json`),
  )
})

test('a witness is a node of Corosync and nothing of PostgreSQL is told of it', async () => {
  const hosts = [HOSTS[0]!, HOSTS[1]!, host('w1', '10.77.0.14', {}, ['witness'])]
  const { every, first, addresses, nodes, times, hba, database, data_status, constraints } = derive(
    clusterOf({}, hosts),
  )
  expect(JSON.stringify({ first, hba, database, data_status })).not.toMatch(/w1|10\.77\.0\.14/)
  await expect(
    text({ every, addresses, nodes, times, database, data_status, constraints }),
  ).toMatchFileSnapshot(golden('witness.json'))
})

test('a witness is asked for the cluster and its addresses, never for PostgreSQL', () => {
  const facts = factsOf(clusterOf({}, [HOSTS[0]!, HOSTS[1]!, host('w1', '10.77.0.14', {}, ['witness'])]))
  expect(Object.keys(commandsOn(facts, 'w1'))).toEqual(['crm', 'ip'])
  expect(Object.keys(commandsOn(facts, 'pg2'))).toEqual(['crm', 'sql', 'ip', 'files'])
})

test('without a reader VIP nothing speaks of one', () => {
  const derived = derive(clusterOf({ reader_vip: undefined }))
  expect(derived['reader']).toBeNull()
  expect(JSON.stringify(constraintsOf(pgsql, false))).not.toContain('reader')
})

test('the interface is named only when it is the same on every member', () => {
  const attributes = (hosts: typeof HOSTS) =>
    (derive(clusterOf({}, hosts))['writer'] as { attributes: object }).attributes
  expect(attributes(HOSTS)).toHaveProperty('nic', 'eth0')
  expect(attributes([HOSTS[0]!, HOSTS[1]!, host('pg3', '10.77.0.13', { nic: 'ens5' })])).not.toHaveProperty(
    'nic',
  )
})

test('no password reaches the parameters of a resource', () => {
  expect(JSON.stringify(derive(clusterOf()))).not.toMatch(/password=/)
})

test.each(pgsql.files.map((file) => [file.src]))('the agent file %s is shipped', (src) => {
  expect(existsSync(join(import.meta.dirname, '../../../files', src))).toBe(true)
})

test('init writes an inventory that says what the risk of two members is', async () => {
  const hosts = new Map(HOSTS.map(({ name, connection }) => [name, connection.address]))
  const options = { cluster: 'pgcluster', hosts, writerVip: '10.77.0.20/24' }
  await expect(init(options).get('inventory.yml')).toMatchFileSnapshot(golden('init-3.yml'))
  const two = init({ ...options, hosts: new Map([...hosts].slice(0, 2)), readerVip: '10.77.0.21/24' })
  await expect(two.get('inventory.yml')).toMatchFileSnapshot(golden('init-2.yml'))
})
