import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Action, Module } from '../../../src/engine/module.ts'
import { createProber } from '../../../src/engine/prober.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { postgresBasebackup } from '../../../src/modules/postgres/basebackup.ts'
import { passfileLine } from '../../../src/modules/postgres/conninfo.ts'
import { postgresConfig } from '../../../src/modules/postgres/config.ts'
import { postgresDatabase } from '../../../src/modules/postgres/database.ts'
import { postgresFacts } from '../../../src/modules/postgres/facts.ts'
import { postgresHba } from '../../../src/modules/postgres/hba.ts'
import { postgresInitdb } from '../../../src/modules/postgres/initdb.ts'
import { recoveryFiles } from '../../../src/modules/postgres/recovery.ts'
import { postgresRole } from '../../../src/modules/postgres/role.ts'
import { postgresWait } from '../../../src/modules/postgres/wait.ts'
import { fillDefaults } from '../../../src/schema/build.ts'
import { bench, BIN, configure, failed, said, scratch } from './harness.ts'
import type { Bench, Scratch } from './harness.ts'

let primary: Scratch
let standby: Scratch
let hactl: Bench
let copy: Readonly<Record<string, unknown>>

const postgres = (...argv: readonly string[]): void => {
  execFileSync('runuser', ['-u', 'postgres', '--', ...argv], { stdio: 'ignore' })
}

async function converge(module: Module, args: Readonly<Record<string, unknown>>): Promise<void> {
  expect(failed(await hactl.apply(module, args))).toEqual([])
  expect(said(await hactl.plan(module, args))).toEqual([])
}

const done = (action: Action, args: Readonly<Record<string, unknown>>): Promise<boolean> =>
  action.spec.done(createProber(hactl.transport).probe, fillDefaults(action.spec.args, args) as never)

/** Makes the copy a standby of the primary and starts it. */
function startStandby(): void {
  const recovery = recoveryFiles(15, {
    primaryConninfo: `host=127.0.0.1 port=${primary.port} user=repl passfile=${primary.dir}/pass application_name=n2`,
  })
  if (recovery.kind !== 'standby.signal') throw new Error('expected settings')
  configure(standby.data, standby.port, standby.dir)
  for (const [name, value] of Object.entries(recovery.settings)) {
    execFileSync('sh', [
      '-c',
      'echo "$1" >>"$2"',
      'sh',
      `${name} = '${value}'`,
      join(standby.data, 'postgresql.conf'),
    ])
  }
  postgres('touch', join(standby.data, 'standby.signal'))
  standby.start()
}

beforeAll(async () => {
  primary = await scratch({ init: false })
  standby = await scratch({ init: false })
  hactl = await bench()
  copy = {
    version: 15,
    data_dir: standby.data,
    ...standby.server,
    from: { host: '127.0.0.1', port: primary.port, user: 'repl', passfile: join(primary.dir, 'pass') },
  }
}, 60_000)

afterAll(async () => {
  await hactl?.transport.close()
  standby?.remove()
  primary?.remove()
})

test('a data directory is made once; another version and a stranger in it are refused', async () => {
  const args = { version: 15, name: 'hactl-test', data_dir: primary.data, port: primary.port }
  // The folder looks like one outside Debian's layout as soon as it has a postgresql.conf.
  postgres(
    `${BIN}/initdb`,
    '-D',
    primary.data,
    '-k',
    '--auth-local=peer',
    '--auth-host=scram-sha-256',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
  )
  expect(said(await hactl.plan(postgresInitdb, args))).toEqual([])
  expect((await hactl.plan(postgresInitdb, { ...args, version: 14 })).refused).toMatch(
    /postgres\/version-mismatch: .* was made by PostgreSQL 15, not 14/,
  )
  const other = join(primary.dir, 'other')
  mkdirSync(other)
  writeFileSync(join(other, 'letters.txt'), 'dear')
  expect((await hactl.plan(postgresInitdb, { ...args, data_dir: other })).refused).toMatch(
    new RegExp(`postgres/directory-in-use: ${other} is not empty`),
  )
  rmSync(other, { recursive: true })
})

test('a data directory is made by initdb where programs are named, with its port', async () => {
  const extra = await scratch({ init: false })
  const args = { version: 15, data_dir: extra.data, bin_dir: BIN, port: extra.port }
  expect(said(await hactl.plan(postgresInitdb, args))).toEqual(['initialized: false -> true'])
  await converge(postgresInitdb, args)
  expect(readFileSync(join(extra.data, 'postgresql.conf'), 'utf8')).toContain(`\nport = ${extra.port}\n`)
  expect(statSync(extra.data).mode & 0o777).toBe(0o700)
  extra.remove()
})

test("a data directory is made by Debian's tool, and its server is not started at boot", async () => {
  const name = `hactl-test-${process.pid}`
  const extra = await scratch({ init: false })
  const args = { version: 15, name, data_dir: extra.data, port: extra.port }
  try {
    expect(said(await hactl.plan(postgresInitdb, args))).toEqual([
      'initialized: false -> true',
      'start: none -> manual',
    ])
    await converge(postgresInitdb, args)
    expect(readFileSync(`/etc/postgresql/15/${name}/start.conf`, 'utf8')).toMatch(/^manual$/m)
    writeFileSync(`/etc/postgresql/15/${name}/start.conf`, 'auto\n')
    expect(said(await hactl.plan(postgresInitdb, args))).toEqual(['start: auto -> manual'])
    await converge(postgresInitdb, args)
    const elsewhere = await hactl.plan(postgresInitdb, { ...args, data_dir: `${extra.data}2` })
    expect(said(elsewhere)[0]).toBe('initialized: false -> true')
    expect(elsewhere.refused).toMatch(/postgres\/other-directory/)
    const settings = {
      settings: { work_mem: '5MB' },
      version: 15,
      name,
      data_dir: extra.data,
      port: extra.port,
    }
    await converge(postgresConfig, settings)
    expect(readFileSync(`/etc/postgresql/15/${name}/conf.d/hactl.conf`, 'utf8')).toContain('work_mem = 5MB')
  } finally {
    execFileSync('pg_dropcluster', ['15', name])
    // It leaves folders that hold files it does not know.
    rmSync(`/etc/postgresql/15/${name}`, { recursive: true, force: true })
    extra.remove()
  }
})

test('a base backup: not before the primary answers, then a copy that can follow', async () => {
  await expect(hactl.plan(postgresBasebackup, copy)).rejects.toThrow(/does not answer/)
  configure(primary.data, primary.port, primary.dir)
  primary.start()
  await converge(postgresRole, {
    name: 'repl',
    password: new Secret('copy-me-now'),
    replication: true,
    ...primary.server,
  })
  await converge(postgresHba, {
    rules: ['host replication repl 127.0.0.1/32 scram-sha-256'],
    version: 15,
    data_dir: primary.data,
    ...primary.server,
  })
  writeFileSync(
    join(primary.dir, 'pass'),
    `${passfileLine({ host: '127.0.0.1', user: 'repl', password: 'wrong' })}\n`,
  )
  execFileSync('chown', ['postgres:', join(primary.dir, 'pass')])
  execFileSync('chmod', ['600', join(primary.dir, 'pass')])
  await expect(hactl.plan(postgresBasebackup, copy)).rejects.toThrow(/refuses user repl for replication/)
  writeFileSync(
    join(primary.dir, 'pass'),
    `${passfileLine({ host: '127.0.0.1', user: 'repl', password: 'copy-me-now' })}\n`,
  )
  expect(said(await hactl.plan(postgresBasebackup, copy))).toEqual(['copy: none -> can follow'])
  await converge(postgresBasebackup, copy)
  expect(statSync(standby.data).mode & 0o777).toBe(0o700)
  expect(existsSync(`${standby.data}.hactl-incomplete`)).toBe(false)
})

test('waiting: false before, true when it streams', async () => {
  expect(await done(postgresWait as Action, { until: 'streaming', ...standby.server })).toBe(false)
  startStandby()
  await expect
    .poll(() => done(postgresWait as Action, { until: 'streaming', ...standby.server }), { timeout: 15_000 })
    .toBe(true)
  expect(await done(postgresWait as Action, { until: 'primary', ...standby.server })).toBe(false)
  expect(await done(postgresWait as Action, { until: 'primary', ...primary.server })).toBe(true)
})

test('on a standby roles and databases are nothing to do, settings show what a restart would interrupt', async () => {
  const role = { name: 'later', password: new Secret('x'), ...standby.server }
  expect((await hactl.plan(postgresRole, role)).changes).toEqual([])
  expect((await hactl.plan(postgresDatabase, { name: 'later', ...standby.server })).changes).toEqual([])
  const { spec } = postgresConfig
  const args = fillDefaults(spec.args, {
    settings: { max_connections: 200, work_mem: '5MB' },
    version: 15,
    data_dir: standby.data,
    ...standby.server,
  }) as Readonly<Record<string, unknown>>
  const from = await spec.current(createProber(hactl.transport).probe, args)
  expect(spec.fieldImpact?.('settings.max_connections', from, args)).toBe('restart-standby')
  await converge(postgresConfig, args)
})

test('facts of both, and of a server that does not run', async () => {
  const read = async (pg: Scratch, name: string): Promise<unknown> =>
    postgresFacts
      .find((fact) => fact.name === `postgres.${name}`)
      ?.read(createProber(hactl.transport).probe, { postgres: pg.server })
  expect(await read(primary, 'in_recovery')).toBe(false)
  expect(await read(standby, 'in_recovery')).toBe(true)
  expect(await read(standby, 'version')).toBeGreaterThan(150_000)
  expect(await read(standby, 'timeline')).toBe(1)
  expect(await read(standby, 'system_identifier')).toBe(await read(primary, 'system_identifier'))
  standby.stop()
  expect(await read(standby, 'running')).toBe(false)
  expect(await read(standby, 'in_recovery')).toBeUndefined()
})

test('a running server is not copied over; a rebuild is done once', async () => {
  standby.start()
  await expect(hactl.plan(postgresBasebackup, { ...copy, rebuild: true })).rejects.toThrow(/must be stopped/)
  standby.stop()
  const again = { ...copy, rebuild: true }
  expect(said(await hactl.plan(postgresBasebackup, again))).toEqual([
    'copy: to be copied again -> can follow',
  ])
  await converge(postgresBasebackup, again)
  const aside = readdirSync(standby.dir).filter((name) => /^data\.\d{8}T\d{6}Z$/.test(name))
  expect(aside).toHaveLength(1)
  expect(readFileSync(join(standby.dir, aside[0] ?? '', 'PG_VERSION'), 'utf8')).toBe('15\n')
})

test('a primary that was replaced has diverged, and the promoted one is on a new timeline', async () => {
  startStandby()
  await expect
    .poll(() => done(postgresWait as Action, { until: 'streaming', ...standby.server }), { timeout: 15_000 })
    .toBe(true)
  postgres(`${BIN}/pg_ctl`, '-D', standby.data, '-w', 'promote')
  expect(standby.sql('select pg_is_in_recovery()')).toBe('f')
  primary.sql('create table lost (i int); insert into lost select generate_series(1, 1000)')
  const back = {
    version: 15,
    data_dir: primary.data,
    ...primary.server,
    from: { host: '127.0.0.1', port: standby.port, user: 'repl', passfile: join(primary.dir, 'pass') },
  }
  primary.stop()
  expect(said(await hactl.plan(postgresBasebackup, back))).toEqual(['copy: a former primary -> can follow'])
  postgres('touch', join(primary.data, 'standby.signal'))
  // After a crash the control file still names the last checkpoint; a clean stop writes the end of WAL into it.
  rmSync(join(primary.data, 'standby.signal'))
  primary.start()
  postgres(`${BIN}/pg_ctl`, '-D', primary.data, '-m', 'fast', '-w', 'stop')
  postgres('touch', join(primary.data, 'standby.signal'))
  expect(said(await hactl.plan(postgresBasebackup, back))[0]).toMatch(
    /^copy: diverged from timeline 1 at 0\/[0-9A-F]+ -> can follow$/,
  )
  expect(said(await hactl.plan(postgresBasebackup, { ...back, existing: 'keep' }))).toEqual([])
  expect((await hactl.plan(postgresBasebackup, { ...back, existing: 'refuse' })).refused).toMatch(/diverged/)
  await converge(postgresBasebackup, back)
})
