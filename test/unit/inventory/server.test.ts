import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadInventory } from '../../../src/inventory/load.ts'
import { dynamicOf } from '../../../src/stacks/patroni/dynamic.ts'
import { timingOf } from '../../../src/stacks/patroni/timing.ts'
import type { PatroniVars } from '../../../src/stacks/patroni/vars.ts'
import { patchOf, wantedOf } from '../../../src/modules/patroni/config-diff.ts'
import { STACKS } from '../../../src/stacks/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'hactl-server-'))
afterAll(() => rmSync(dir, { recursive: true }))
let count = 0

/** A cluster of three whose PostgreSQL is written so, in every stack. */
async function load(postgres: string, stack: string, more = '') {
  const file = join(dir, `${count++}.yml`)
  writeFileSync(
    file,
    `all:
  vars:
    cluster:
      name: pgc
      stack: ${stack}
      writer_vip: { address: 10.77.0.20/24 }
      postgres: { ${postgres} }
${more}
  children:
    postgres: { hosts: { pg1: { ansible_host: 10.77.0.11 }, pg2: { ansible_host: 10.77.0.12 }, pg3: { ansible_host: 10.77.0.13 } } }
`,
  )
  return loadInventory(file, { stacks: STACKS, secrets: { env: {} } })
}

async function said(postgres: string) {
  const all = await Promise.all(STACKS.map(({ name }) => load(postgres, name)))
  const [first, ...others] = all.map(({ diagnostics }) =>
    diagnostics.map(({ code, severity, at, hint }) => ({ code, severity, line: at?.line, hint })),
  )
  for (const other of others) expect(other).toEqual(first)
  return first ?? []
}

test.each([
  ['shared_bufers: 1GB', 'did you mean "shared_buffers"?'],
  ['max_connections: -5', 'write 1 to 262143'],
  ['effective_cache_size: 75%', 'write a number with a unit: B, kB, MB, GB or TB'],
  ['shared_buffers: 1gb', 'write a number with a unit: B, kB, MB, GB or TB'],
  ['checkpoint_timeout: 5 minutes', 'write a number with a unit: us, ms, s, min, h or d'],
  ['max_connections: 100MB', 'write a number without a unit'],
  ['fsync: maybe', 'write true or false'],
  ['synchronous_commit: remote', 'write one of: local, remote_write, remote_apply, on, off'],
  ['random_page_cost: cheap', 'write a number without a unit'],
  ['wal_keep_segments: 32', 'write wal_keep_size, in MB'],
  ['io_method: worker', 'remove it'],
  ['server_version: 15', 'remove it'],
  ['nothing_like_that_at_all: 1', 'look it up'],
])('the setting %s is refused before anything is done', async (setting, hint) => {
  const [found, ...more] = await said(`version: 15, settings: { ${setting} }`)
  expect(more).toEqual([])
  expect(found).toMatchObject({ code: 'cluster/bad-setting', severity: 'error', line: 7 })
  expect(found?.hint).toContain(hint)
})

test.each([
  'shared_buffers: 2GB, max_connections: 200, work_mem: 1.5MB, checkpoint_timeout: 15min',
  'fsync: "on", jit: "off", track_io_timing: true, enable_seqscan: 1',
  'synchronous_commit: remote_apply, wal_compression: zstd, log_min_messages: debug, client_min_messages: NOTICE',
  'random_page_cost: 1.1, vacuum_cost_delay: 2ms, wal_buffers: -1, log_min_duration_statement: 250',
  'pg_stat_statements.max: 1000, TimeZone: Europe/Paris, DateStyle: "iso, dmy"',
  'default_transaction_isolation: read committed, archive_command: "", max_wal_size: 4GB',
])('settings the server takes are taken: %s', async (settings) => {
  expect(await said(`version: 15, settings: { ${settings} }`)).toEqual([])
})

test('what a newer version has is taken there, and a name nobody knows there is a warning', async () => {
  expect(await said('version: 18, settings: { io_method: worker, transaction_timeout: 1h }')).toEqual([])
  expect(await said('version: 17, settings: { something_from_tomorrow: 1 }')).toMatchObject([
    { code: 'cluster/bad-setting', severity: 'warning' },
  ])
})

test('one setting in two spellings is told', async () => {
  const settings = 'settings: { TimeZone: Europe/Paris, timezone: UTC }'
  expect(await said(settings)).toMatchObject([{ code: 'cluster/same-setting' }])
})

test.each(STACKS)("stack $name: the user's value wins, however the name is spelt", async (stack) => {
  const { inventory } = await load('settings: { TimeZone: Europe/Paris, WORK_MEM: 8MB }', stack.name)
  const [cluster] = inventory.clusters
  if (!cluster) throw new Error('no cluster')
  const text = JSON.stringify(stack.derive(cluster))
  expect(text).toContain('"timezone":"Europe/Paris"')
  expect(text).toContain('"work_mem":"8MB"')
  expect(text).not.toMatch(/TimeZone|WORK_MEM|"timezone":"Etc/)
})

test('a parameter in the dynamic configuration is one with the setting of that name', async () => {
  const more = '      patroni: { settings: { postgresql: { parameters: { TimeZone: Europe/Rome } } } }'
  const { inventory } = await load('version: 15', 'patroni', more)
  const vars = inventory.clusters[0]?.vars as unknown as PatroniVars
  const dynamic = JSON.stringify(dynamicOf(vars, timingOf(vars.timing, vars.patroni.settings)))
  expect(dynamic).toContain('"timezone":"Europe/Rome"')
  expect(dynamic).not.toContain('TimeZone')
})

test.each([
  'host all all pgnode01/32 md5',
  'host all all 10.0.0.0/8 scram',
  'host all all 10.0.0.0/33 md5',
  'host all all 10.0.0.256/32 md5',
  'host all all fd00::/129 md5',
  'host all all 10.0.0.5 md5',
  'host all all 10.0.0.0 fd00:: md5',
  'host all all 10.0.0.0/8',
  'host all all 10.0.0.0/8 peer',
  'host all all 10.0.0.0/8 cert',
  'host all all 10.0.0.0/8 md5 clientcert',
  'local all all',
  'host all "a all 10.0.0.0/8 md5',
])('the rule "%s" is refused before anything is done', async (rule) => {
  const found = await said(`hba: [ 'host app app 10.77.0.0/24 scram-sha-256', '${rule}' ]`)
  expect(found).toMatchObject([{ code: 'cluster/bad-hba-rule', severity: 'error', line: 7 }])
})

test.each([
  'host all all 10.0.0.0/8 scram-sha-256',
  'host all all 10.0.0.0 255.0.0.0 md5',
  'host all all ::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff md5',
  'host all all fd00::/64 md5',
  'host "My-App",app +group .example.com md5',
  'host all all pgnode01 md5',
  'hostssl all all samenet cert clientname=DN map=x',
  'local replication all peer',
  'host all all all ldap ldapserver=ldap.example.net ldapprefix="cn=" # directory',
])('the rule "%s" is taken', async (rule) => {
  expect(await said(`hba: [ '${rule}' ]`)).toEqual([])
})

test('a parameter that the store has in another spelling is replaced, not doubled', () => {
  const wanted = { postgresql: { parameters: { timezone: 'Europe/Paris' } } }
  const present = { postgresql: { parameters: { TimeZone: 'Etc/UTC', work_mem: '8MB' } } }
  expect(patchOf(present, wantedOf(wanted, present))).toEqual({
    postgresql: { parameters: { timezone: 'Europe/Paris', TimeZone: null } },
  })
})
