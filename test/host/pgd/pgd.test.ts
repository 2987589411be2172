import { once } from 'node:events'
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { member } from './member.ts'
import type { Member } from './member.ts'

/** The life of one member: each test goes on with what the one before has left. */
let pg1: Member
beforeAll(() => {
  pg1 = member()
  pg1.serve()
})
afterAll(() => pg1.remove())

const names = () => pg1.sql('show synchronous_standby_names')
const code = () => pg1.state()?.code

test('a server that Pacemaker has not asked for is left alone', async () => {
  await expect.poll(code).toBe(7)
  expect(pg1.calls()).toEqual([])
})

test('a start is refused where a rewind was cut off, and says so', async () => {
  const mark = join(pg1.root, 'state/rewinding')
  writeFileSync(mark, '')
  const { code: rc, says } = await pg1.ask('start')
  expect(rc).toBe(1)
  expect(says).toContain('rewind')
  expect(pg1.postmaster()).toBeUndefined()
  rmSync(mark)
})

test('a link in a folder of postgres leads root nowhere: settings are written as postgres', async () => {
  const secret = join(pg1.root, 'of-root')
  mkdirSync(secret, { mode: 0o700 })
  const target = join(secret, 'ld.so.preload')
  for (const name of ['pgd.conf', 'pgd.conf.pgd']) symlinkSync(target, join(pg1.root, 'state', name))
  expect((await pg1.ask('start')).code).toBe(0)
  expect(existsSync(target)).toBe(false)
  expect(lstatSync(join(pg1.root, 'state/pgd.conf')).isFile()).toBe(true)
  expect((await pg1.ask('stop')).code).toBe(0)
})

test('a start makes a standby, whatever it was; the last primary takes the right to be promoted', async () => {
  pg1.answer('crm_attribute', 'LATEST')
  expect(await pg1.ask('start')).toEqual({ code: 0, says: 'standby' })
  await expect.poll(code).toBe(0)
  expect(pg1.sql('select pg_is_in_recovery()')).toBe('t')
  // Commits wait from the moment of a promotion on: the name is in force before.
  expect(names()).toBe('"pg2"')
  await expect.poll(() => pg1.calls()).toContain('attrd_updater -n master-pgsql -N pg1 --update=1000')
})

test('a new primary takes the right to be promoted from all others, and commits wait while nobody knows of a quorum', async () => {
  expect((await pg1.ask('promote')).code).toBe(0)
  await expect.poll(code).toBe(8)
  await expect.poll(() => pg1.calls()).toContain('attrd_updater -n master-pgsql -N pg2 --update=-INFINITY')
  await expect
    .poll(() => pg1.calls())
    .toContain('crm_attribute --node pg1 --name pgsql-data-status --lifetime forever --update=LATEST')
  expect(names()).toBe('"pg2"')
})

test('with a quorum commits then wait for nobody', async () => {
  pg1.answer('corosync-quorumtool', 'Quorate:          Yes\n')
  await expect.poll(names).toBe('')
})

test('a primary that nobody can replace comes back in its place, on its timeline', async () => {
  const [before, timeline] = [pg1.postmaster(), pg1.sql('select timeline_id from pg_control_checkpoint()')]
  process.kill(before ?? 0, 'SIGKILL')
  await expect.poll(() => pg1.postmaster() ?? before).not.toBe(before)
  await expect.poll(code).toBe(8)
  await expect.poll(() => pg1.ask('monitor').then((answer) => answer.code)).toBe(8)
  expect(pg1.sql('select pg_is_in_recovery()')).toBe('f')
  expect(pg1.sql('select timeline_id from pg_control_checkpoint()')).toBe(timeline)
})

test('a restart that is asked for keeps the role', async () => {
  const before = pg1.postmaster()
  expect(await pg1.ask('restart')).toEqual({ code: 0, says: 'primary' })
  expect(pg1.postmaster()).not.toBe(before)
  expect(code()).toBe(8)
})

test('PostgreSQL outlives the service, and the next one goes on with it', async () => {
  const before = pg1.postmaster()
  const pid = (await pg1.ask('pid')).says
  process.kill(Number(pid), 'SIGKILL')
  await expect.poll(async () => (await pg1.ask('monitor')).code).toBe(125)
  const next = pg1.serve()
  await once(next, 'spawn')
  await expect.poll(async () => (await pg1.ask('monitor')).code).toBe(8)
  expect(pg1.postmaster()).toBe(before)
})

test('a demotion ends the server, which comes back as a standby by itself', async () => {
  expect((await pg1.ask('demote')).code).toBe(0)
  await expect.poll(() => pg1.postmaster()).toBeDefined()
  await expect.poll(() => pg1.sql('select pg_is_in_recovery()')).toBe('t')
  await expect.poll(code).toBe(0)
})

test('a standby that crashes comes back', async () => {
  const before = pg1.postmaster()
  process.kill(before ?? 0, 'SIGKILL')
  await expect.poll(() => pg1.postmaster() ?? before).not.toBe(before)
  await expect.poll(code).toBe(0)
})

test('a stop ends it for good', async () => {
  expect((await pg1.ask('stop')).code).toBe(0)
  expect(pg1.postmaster()).toBeUndefined()
  expect(code()).toBe(7)
})
