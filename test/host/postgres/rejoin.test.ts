import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProber } from '../../../src/engine/prober.ts'
import { shell } from '../../../src/lib/program.ts'
import { postgresBasebackup } from '../../../src/modules/postgres/basebackup.ts'
import { postgresRejoin } from '../../../src/modules/postgres/rejoin.ts'
import { fillDefaults } from '../../../src/schema/build.ts'
import { bench, BIN, configure, failed, said, scratch } from './harness.ts'
import type { Bench, Scratch } from './harness.ts'

let old: Scratch
let next: Scratch
let hactl: Bench

const as = (account: string, ...argv: readonly string[]): string =>
  execFileSync('runuser', ['-u', account, '--', ...argv], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
const postgres = (...argv: readonly string[]): string => as('postgres', ...argv)

const PASSWORD = 're:pl\\ic%d "q" #x'

beforeAll(async () => {
  old = await scratch()
  next = await scratch({ init: false })
  hactl = await bench()
  execFileSync('sh', [
    '-c',
    `echo 'host all,replication all 127.0.0.1/32 scram-sha-256' >>"$1"`,
    'sh',
    join(old.data, 'pg_hba.conf'),
  ])
  // A rewind looks for the last common checkpoint in the WAL of its target.
  execFileSync('sh', ['-c', `echo 'wal_keep_size = 64MB' >>"$1"`, 'sh', join(old.data, 'postgresql.conf')])
  old.start()
  old.sql(`create role repl superuser replication login password '${PASSWORD}'`)
}, 120_000)

afterAll(async () => {
  await hactl?.transport.close()
  next?.remove()
  old?.remove()
})

/** The passfile as the template of a stack writes it. */
function passfile(dir: string): string {
  const file = join(dir, 'pass')
  writeFileSync(file, `*:*:*:repl:${PASSWORD.replaceAll(/[\\:]/g, String.raw`\$&`)}\n`, { mode: 0o600 })
  execFileSync('chown', ['postgres:', file])
  return file
}

const mount = (dir: string): void => {
  execFileSync('install', ['-d', '-o', 'postgres', '-g', 'postgres', '-m', '0700', dir])
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m', 'tmpfs', dir])
}

const copyArgs = (): Readonly<Record<string, unknown>> => ({
  version: 15,
  name: 'hactl-test',
  data_dir: next.data,
  ...next.server,
  from: { host: '127.0.0.1', port: old.port, user: 'repl', passfile: passfile(next.dir) },
})

test('a copy goes into an empty mount point in place; one that is not empty is refused before the first byte', async () => {
  mount(next.data)
  try {
    writeFileSync(join(next.data, 'somebody'), 'else')
    expect((await hactl.plan(postgresBasebackup, copyArgs())).refused).toMatch(/^postgres\/mount-in-the-way/)
    rmSync(join(next.data, 'somebody'))
    expect(failed(await hactl.apply(postgresBasebackup, copyArgs()))).toEqual([])
    expect(said(await hactl.plan(postgresBasebackup, copyArgs()))).toEqual([])
    expect(existsSync(`${next.data}.hactl-incomplete`)).toBe(false)
    // What a copy that was cut off leaves: everything but pg_control.
    rmSync(join(next.data, 'global/pg_control'))
    expect(failed(await hactl.apply(postgresBasebackup, copyArgs()))).toEqual([])
    expect(said(await hactl.plan(postgresBasebackup, copyArgs()))).toEqual([])
  } finally {
    execFileSync('umount', [next.data])
    rmSync(next.data, { recursive: true })
  }
}, 120_000)

test('a former primary is judged, rewound by the program of the runbook, and follows', async () => {
  expect(failed(await hactl.apply(postgresBasebackup, copyArgs()))).toEqual([])
  configure(next.data, next.port, next.dir)
  const conninfo = `host=127.0.0.1 port=${old.port} user=repl passfile=${next.dir}/pass`
  execFileSync('sh', [
    '-c',
    `echo "primary_conninfo = '$1'" >>"$2"`,
    'sh',
    conninfo,
    join(next.data, 'postgresql.conf'),
  ])
  postgres('touch', join(next.data, 'standby.signal'))
  next.start()
  postgres(`${BIN}/pg_ctl`, '-D', next.data, '-w', 'promote')
  old.sql('create table only_here (i int)')
  old.stop()
  const args = {
    member: 'pg1',
    from: { host: '127.0.0.1', port: next.port, user: 'repl', passfile: passfile(old.dir) },
    data_dir: old.data,
    bin_dir: BIN,
    ...old.server,
  }
  const refused = await hactl.plan(postgresRejoin, args)
  expect(refused.refused).toMatch(
    /^postgres\/only-here: pg1 has 1 commit in more than \d+ bytes of WAL past the fork/,
  )
  const agreed = { ...args, accept_data_loss: true }
  const { spec } = postgresRejoin
  const state = await spec.current(
    createProber(hactl.transport).probe,
    fillDefaults(spec.args, agreed) as never,
  )
  expect(state['action']).toBe('rewind')

  next.sql('checkpoint')
  const source = `host=127.0.0.1 port=${next.port} user=repl dbname=postgres passfile=${old.dir}/pass`
  const [file = '', ...words] = shell(
    'postgres/rewind.sh',
    old.data,
    BIN,
    old.data,
    source,
    old.dir,
    'pg1',
    'x',
  )
  postgres(file, ...words)
  expect(existsSync(join(old.dir, 'rewinding'))).toBe(false)
  configure(old.data, old.port, old.dir)
  const back = `host=127.0.0.1 port=${next.port} user=repl passfile=${old.dir}/pass`
  execFileSync('sh', [
    '-c',
    `echo "primary_conninfo = '$1'" >>"$2"`,
    'sh',
    back,
    join(old.data, 'postgresql.conf'),
  ])
  postgres('touch', join(old.data, 'standby.signal'))
  old.start()
  expect(old.sql(`select to_regclass('only_here') is null, pg_is_in_recovery()`)).toBe('t|t')
  expect((await hactl.plan(postgresRejoin, args)).changes).toEqual([])
}, 180_000)
