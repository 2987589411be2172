import { appendFileSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Action, Module } from '../../../src/engine/module.ts'
import { createProber } from '../../../src/engine/prober.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { postgresConfig } from '../../../src/modules/postgres/config.ts'
import { postgresDatabase } from '../../../src/modules/postgres/database.ts'
import { postgresHba } from '../../../src/modules/postgres/hba.ts'
import { postgresFacts } from '../../../src/modules/postgres/facts.ts'
import { postgresQuery } from '../../../src/modules/postgres/query.ts'
import { postgresRole } from '../../../src/modules/postgres/role.ts'
import { fillDefaults } from '../../../src/schema/build.ts'
import { bench, commands, failed, said, scratch } from './harness.ts'
import type { Bench, Scratch } from './harness.ts'

let pg: Scratch
let hactl: Bench
let place: Readonly<Record<string, unknown>>

beforeAll(async () => {
  pg = await scratch()
  pg.start()
  hactl = await bench()
  place = { ...pg.server, data_dir: pg.data, version: 15 }
}, 60_000)

afterAll(async () => {
  await hactl?.transport.close()
  pg?.remove()
})

/** Applies, sees no failure, and finds nothing left to do. */
async function converge(module: Module, args: Readonly<Record<string, unknown>>): Promise<void> {
  expect(failed(await hactl.apply(module, args))).toEqual([])
  expect(said(await hactl.plan(module, args))).toEqual([])
}

const SETTINGS = {
  work_mem: '8MB',
  wal_keep_size: '512MB',
  hot_standby_feedback: true,
  wal_sender_timeout: '60s',
  log_line_prefix: "%m it's \\ ",
}
const config = (extra: Readonly<Record<string, unknown>> = {}) => ({ settings: SETTINGS, ...place, ...extra })

test('settings: the first run writes and loads them, the second finds nothing', async () => {
  const plan = await hactl.plan(postgresConfig, config())
  expect(said(plan)).toContain('settings.work_mem: 4096kB (default) -> 8MB')
  expect(said(plan)).toContain('included: false -> true')
  await converge(postgresConfig, config())
  expect(pg.sql('show work_mem')).toBe('8MB')
  expect(pg.sql('show log_line_prefix')).toBe("%m it's \\")
  expect((statSync(join(pg.data, 'hactl.conf')).mode & 0o777).toString(8)).toBe('644')
})

test('settings: another spelling of a value is no difference', async () => {
  const settings = {
    ...SETTINGS,
    work_mem: '8192kB',
    hot_standby_feedback: 'yes',
    wal_sender_timeout: '1min',
  }
  expect(said(await hactl.plan(postgresConfig, config({ settings })))).toEqual([])
})

test('settings: a value changed in the file by hand is the one difference', async () => {
  const file = join(pg.data, 'hactl.conf')
  writeFileSync(file, readFileSync(file, 'utf8').replace('work_mem = 8MB', 'work_mem = 16MB'))
  expect(said(await hactl.plan(postgresConfig, config()))).toEqual(['settings.work_mem: 16MB -> 8MB'])
  await converge(postgresConfig, config())
})

test('settings: a file written but never loaded is loaded', async () => {
  const args = config({ settings: { ...SETTINGS, work_mem: '9MB' } })
  const { steps } = await hactl.plan(postgresConfig, args)
  const put = steps.find((step) => step.kind === 'put')
  writeFileSync(join(pg.data, 'hactl.conf'), String(put?.content))
  expect(said(await hactl.plan(postgresConfig, args))).toEqual([
    'settings.work_mem: 8192kB (not reloaded) -> 9MB',
  ])
  await converge(postgresConfig, args)
  await converge(postgresConfig, config())
})

test('settings: ALTER SYSTEM with another value is drift and is reset; the same value is not', async () => {
  pg.sql("alter system set work_mem = '77MB'")
  pg.sql("alter system set wal_sender_timeout = '60000'")
  pg.sql("alter system set maintenance_work_mem = '99MB'")
  pg.sql('select pg_reload_conf()')
  expect(said(await hactl.plan(postgresConfig, config()))).toEqual(['ALTER SYSTEM work_mem: 77MB -> not set'])
  expect((await hactl.plan(postgresConfig, config({ auto_conf: 'refuse' }))).refused).toMatch(
    /postgres\/altered/,
  )
  expect(said(await hactl.plan(postgresConfig, config({ auto_conf: 'keep' })))).toEqual([])
  await converge(postgresConfig, config())
  expect(pg.sql('show work_mem')).toBe('8MB')
  expect(pg.sql('show maintenance_work_mem')).toBe('99MB')
})

test('settings: what a cluster manager owns is neither written nor reset', async () => {
  pg.sql("alter system set synchronous_standby_names = 'n2'")
  pg.sql('select pg_reload_conf()')
  const settings = { ...SETTINGS, synchronous_standby_names: 'n9' }
  const args = config({ settings, managed_elsewhere: ['synchronous_standby_names'] })
  expect(said(await hactl.plan(postgresConfig, args))).toEqual([])
  pg.sql('alter system reset synchronous_standby_names')
  pg.sql('select pg_reload_conf()')
})

test('settings: one that takes a restart is written, converges, and is a fact', async () => {
  const settings = { ...SETTINGS, max_connections: 55 }
  const spec = postgresConfig.spec
  const args = fillDefaults(spec.args, config({ settings })) as Readonly<Record<string, unknown>>
  const from = await spec.current(createProber(hactl.transport).probe, args)
  expect(spec.fieldImpact?.('settings.max_connections', from, args)).toBe('restart-primary')
  expect(spec.fieldImpact?.('settings.work_mem', from, args)).toBe('reload')
  await converge(postgresConfig, args)
  const fact = postgresFacts.find((each) => each.name === 'postgres.pending_restart')
  const scope = { cluster: { postgres: pg.server } }
  expect(await fact?.read(createProber(hactl.transport).probe, scope)).toBe(true)
  pg.stop()
  expect(await fact?.read(createProber(hactl.transport).probe, scope)).toBeUndefined()
  expect(said(await hactl.plan(postgresConfig, args))).toEqual([])
  pg.start()
  expect(pg.sql('show max_connections')).toBe('55')
  await converge(postgresConfig, config())
  pg.stop()
  pg.start()
})

test.each([
  ['an unknown name', { wrok_mem: '8MB' }, /unrecognized configuration parameter "wrok_mem"/],
  [
    'a value out of range',
    { shared_buffers: 'banana' },
    /invalid value for parameter "shared_buffers": "banana"/,
  ],
])('settings: %s is refused in the plan and the file stays', async (_, wrong, message) => {
  const before = readFileSync(join(pg.data, 'hactl.conf'), 'utf8')
  const plan = await hactl.plan(postgresConfig, config({ settings: { ...SETTINGS, ...wrong } }))
  expect(plan.refused).toMatch(message)
  expect(readFileSync(join(pg.data, 'hactl.conf'), 'utf8')).toBe(before)
})

test('settings: a file that only the running server refuses is put back', async () => {
  const before = readFileSync(join(pg.data, 'hactl.conf'), 'utf8')
  // A syntax error elsewhere keeps the whole configuration from loading.
  const main = join(pg.data, 'postgresql.conf')
  const good = readFileSync(main, 'utf8')
  appendFileSync(main, "this is 'no setting\n")
  const results = await hactl.apply(postgresConfig, config({ settings: { ...SETTINGS, work_mem: '10MB' } }))
  expect(failed(results).join()).toMatch(/syntax error[\s\S]*is back/)
  expect(readFileSync(join(pg.data, 'hactl.conf'), 'utf8')).toBe(before)
  writeFileSync(main, good)
  await converge(postgresConfig, config())
})

test('settings: a later line of another file is named, not fought', async () => {
  const main = join(pg.data, 'postgresql.conf')
  const good = readFileSync(main, 'utf8')
  appendFileSync(main, "work_mem = '3MB'\n")
  const { refused } = await hactl.plan(postgresConfig, config())
  expect(refused).toMatch(
    /postgres\/overridden: another file overrides work_mem = 3MB in .*postgresql.conf:\d+/,
  )
  writeFileSync(main, good)
})

const RULES = [
  'host replication repl 10.77.0.20/32 reject',
  { type: 'host', database: 'replication', user: 'repl', address: '10.77.0.0/24', method: 'scram-sha-256' },
  {
    type: 'host',
    database: ['app', 'report'],
    user: 'app',
    address: '10.77.0.0/24',
    method: 'scram-sha-256',
  },
]
const hba = (rules: readonly unknown[] = RULES, extra: Readonly<Record<string, unknown>> = {}) => ({
  rules,
  ...place,
  ...extra,
})

test('rules: a block at the top; the second run finds nothing; other rules stay', async () => {
  expect(said(await hactl.plan(postgresHba, hba()))[0]).toBe(
    '+ host replication repl 10.77.0.20/32 reject at the top: missing -> present',
  )
  await converge(postgresHba, hba())
  expect(pg.sql('select count(*) from pg_hba_file_rules')).toBe('9')
})

test('rules: an edited line shows as one removed and one added with its place', async () => {
  const file = join(pg.data, 'pg_hba.conf')
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(
      'app,report app 10.77.0.0/24 scram-sha-256',
      'app,report app 0.0.0.0/0 trust',
    ),
  )
  // The server tells file times in whole seconds.
  const later = Date.now() / 1000 + 2
  utimesSync(file, later, later)
  expect(said(await hactl.plan(postgresHba, hba()))).toEqual([
    'loaded: false -> true',
    '+ host app,report app 10.77.0.0/24 scram-sha-256 before line 4: missing -> present',
    '- host app,report app 0.0.0.0/0 trust: line 4 -> removed',
  ])
  await converge(postgresHba, hba())
})

test('rules: one with a mistake is refused before anything is written', async () => {
  const { refused } = await hactl.plan(postgresHba, hba(['host all all 10.0.0.1 trust']))
  expect(refused).toMatch(/rule 1 .*"10.0.0.1" has no prefix length: write 10.0.0.1\/32/)
})

test('rules: one that only the server refuses leaves the old file in place', async () => {
  const file = join(pg.data, 'pg_hba.conf')
  const before = readFileSync(file, 'utf8')
  const results = await hactl.apply(postgresHba, hba([...RULES, 'host all all 10.77.0.0/24 ldap']))
  expect(failed(results).join()).toMatch(/line 5: .*ldap[\s\S]*is back/)
  expect(readFileSync(file, 'utf8')).toBe(before)
  await converge(postgresHba, hba())
})

test('rules: ones that lock hactl out are taken back', async () => {
  const before = readFileSync(join(pg.data, 'pg_hba.conf'), 'utf8')
  const results = await hactl.apply(postgresHba, hba(['local all all reject']))
  expect(failed(results).join()).toMatch(/nobody can log in[\s\S]*is back/)
  expect(readFileSync(join(pg.data, 'pg_hba.conf'), 'utf8')).toBe(before)
  await expect.poll(() => pg.sql('select 1'), { timeout: 5000 }).toBe('1')
})

test('a role: made, unchanged, each drift the one difference', async () => {
  const role = {
    name: 'repl "x"',
    password: new Secret("p'w\\1"),
    replication: true,
    rewind: true,
    connection_limit: 5,
    valid_until: '2031-01-01T00:00:00+01:00',
    member_of: ['pg_monitor'],
    ...pg.server,
  }
  await converge(postgresRole, role)
  expect(
    pg.sql(`select rolpassword ~ '^SCRAM-SHA-256[$]4096:' from pg_authid where rolname = 'repl "x"'`),
  ).toBe('t')
  const drifts: readonly (readonly [string, string])[] = [
    [`alter role "repl ""x""" superuser`, 'superuser: true -> false'],
    [`alter role "repl ""x""" connection limit 6`, 'connection_limit: 6 -> 5'],
    [
      `alter role "repl ""x""" valid until '2030-01-01 00:00:00Z'`,
      'valid_until: 2030-01-01T00:00:00Z -> 2030-12-31T23:00:00Z',
    ],
    [`grant pg_read_all_data to "repl ""x"""`, 'member_of: pg_monitor,pg_read_all_data -> pg_monitor'],
    [`revoke execute on function pg_read_binary_file(text) from "repl ""x"""`, 'rewind: false -> true'],
    [`alter role "repl ""x""" password 'rotated'`, 'password: another -> as given'],
    [`alter role "repl ""x""" password null`, 'password: none -> as given'],
  ]
  for (const [sql, change] of drifts) {
    pg.sql(sql)
    expect(said(await hactl.plan(postgresRole, role))).toEqual([change])
    await converge(postgresRole, role)
  }
  expect(said(await hactl.plan(postgresRole, { ...role, password: new Secret('new') }))).toEqual([
    'password: another -> as given',
  ])
})

test('a role can log in with its password, and the log never saw it', async () => {
  pg.sql("alter system set log_statement = 'all'")
  pg.sql('select pg_reload_conf()')
  await converge(postgresRole, { name: 'app', password: new Secret('Gans-Geheim-7'), ...pg.server })
  expect(
    pg.sql(
      `create extension if not exists dblink; select * from dblink('host=127.0.0.1 port=${pg.port} user=app password=Gans-Geheim-7 dbname=postgres', 'select 1') t(x int)`,
    ),
  ).toBe('1')
  const log = readFileSync(join(pg.dir, 'log'), 'utf8')
    .split('\n')
    .filter((line) => !line.includes('dblink'))
  expect(log.join('\n')).not.toMatch(/Gans-Geheim-7|SCRAM-SHA-256\$4096/)
  pg.sql('alter system reset log_statement')
  pg.sql('select pg_reload_conf()')
})

test('a role that owns something is not dropped', async () => {
  pg.sql('create role holder; create table held (i int); alter table held owner to holder')
  const { refused } = await hactl.plan(postgresRole, { name: 'holder', state: 'absent', ...pg.server })
  expect(refused).toMatch(/postgres\/role-in-use: role holder cannot go: 1 object/)
  pg.sql('drop table held')
  await converge(postgresRole, { name: 'holder', state: 'absent', ...pg.server })
})

test('a database: made with owner and extensions, drift mended, encoding and drop refused', async () => {
  const database = {
    name: 'app-1',
    owner: 'app',
    encoding: 'UTF8',
    locale: 'C.UTF-8',
    extensions: ['pgcrypto'],
    ...pg.server,
  }
  await converge(postgresDatabase, database)
  pg.sql('alter database "app-1" owner to postgres')
  expect(said(await hactl.plan(postgresDatabase, database))).toEqual(['owner: postgres -> app'])
  await converge(postgresDatabase, database)
  expect(
    said(await hactl.plan(postgresDatabase, { ...database, extensions: ['pgcrypto', 'pg_trgm'] })),
  ).toEqual(['extensions.pg_trgm: missing -> present'])
  expect((await hactl.plan(postgresDatabase, { ...database, encoding: 'LATIN1' })).refused).toMatch(
    /postgres\/cannot-change/,
  )
  expect((await hactl.plan(postgresDatabase, { ...database, locale: 'c.utf8' })).changes).toEqual([])
  const absent = { name: 'app-1', state: 'absent', ...pg.server }
  expect((await hactl.plan(postgresDatabase, absent)).refused).toMatch(/postgres\/drop-refused/)
  await converge(postgresDatabase, { ...absent, force: true })
})

test('a query runs unless it is done', async () => {
  const { spec } = postgresQuery as Action
  const args = fillDefaults(spec.args, {
    sql: "select pg_create_physical_replication_slot('pg2')",
    unless: "select count(*) from pg_replication_slots where slot_name = 'pg2'",
    ...pg.server,
  }) as Readonly<Record<string, unknown>>
  const done = () => spec.done(createProber(hactl.transport).probe, args)
  expect(await done()).toBe(false)
  expect(failed(await hactl.transport.batch(commands(spec.steps(args))))).toEqual([])
  expect(await done()).toBe(true)
  const careless = { ...args, unless: 'create table oops (i int)' }
  await expect(spec.done(createProber(hactl.transport).probe, careless)).rejects.toThrow(/query-failed/)
})

test('everything asked of one server in a tick is one psql call', async () => {
  const prober = createProber(hactl.transport)
  const before = hactl.transport.stats()
  const view = prober.view().probe
  await Promise.all(
    ['app', 'repl "x"', 'postgres'].map((name) =>
      postgresRole.spec.current(view, fillDefaults(postgresRole.spec.args, { name, ...pg.server }) as never),
    ),
  )
  const after = hactl.transport.stats()
  expect(after.roundTrips - before.roundTrips).toBe(1)
  expect(after.commands - before.commands).toBe(1)
})

test('nothing is left beside the files that are wanted', () => {
  expect(
    readdirSync(pg.data)
      .filter((name) => /hactl|pg_hba/.test(name))
      .sort(),
  ).toEqual(['hactl.conf', 'pg_hba.conf'])
})
