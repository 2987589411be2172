import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { REQUIREMENTS } from '../../../src/cluster/require.ts'
import { loadPlaybook } from '../../../src/engine/playbook.ts'
import { REGISTRY } from '../../../src/modules/index.ts'

const ROOT = join(import.meta.dirname, '../../..')
const FOLDER = join(ROOT, 'playbooks/patroni')
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yml'))
const all = new Map(files.map((file) => [file, loadPlaybook(join(FOLDER, file), REGISTRY)]))
const load = (file: string) => all.get(file) ?? loadPlaybook(join(FOLDER, file), REGISTRY)

/** What is run by its name, and not only imported by deploy. */
const RUNBOOKS = [
  'add-node',
  'cancel-switchover',
  'failover',
  'minor-upgrade',
  'pause',
  'rebuild-standby',
  'reload',
  'remove-cluster',
  'remove-node',
  'repair-standby',
  'restart',
  'resume',
  'start',
  'stop',
  'switchover',
]

test.each(files)('%s is a sound playbook', (file) => {
  expect(load(file).plays.length).toBeGreaterThan(0)
})

test.each(RUNBOOKS)('%s says what it is about, and what it requires exists', (name) => {
  const { about, require: needs } = load(`${name}.yml`)
  expect(about).toMatch(/\.\n?$/)
  expect(needs.map(({ status }) => String(status)).filter((word) => !(word in REQUIREMENTS))).toEqual([])
})

/** Those whose run interrupts somebody, discards something, or leaves less than there was. */
const ASKING = [
  'add-node',
  'failover',
  'minor-upgrade',
  'pause',
  'rebuild-standby',
  'remove-cluster',
  'remove-node',
  'repair-standby',
  'restart',
  'stop',
  'switchover',
]

test.each(ASKING)('%s asks before it begins', (name) => {
  expect(load(`${name}.yml`).confirm).toMatch(/\w/)
})

test('a runbook that takes the primary away, or copies from it, wants exactly one', () => {
  const kinds = ['switchover', 'restart', 'rebuild-standby', 'repair-standby', 'add-node', 'remove-node']
  for (const name of [...kinds, 'minor-upgrade']) {
    expect(load(`${name}.yml`).require, name).toContainEqual({ status: 'one-primary' })
  }
  expect(load('failover.yml').require).toContainEqual({ status: 'no-primary' })
})

test('no runbook lets systemd stop a PostgreSQL that maintenance mode would leave running', () => {
  for (const name of ['stop', 'rebuild-standby', 'repair-standby', 'minor-upgrade']) {
    expect(load(`${name}.yml`).require, name).toContainEqual({ status: 'not-paused' })
  }
})

test('only a runbook that says so deletes data', () => {
  const texts = files.map((file) => [file, readFileSync(join(FOLDER, file), 'utf8')] as const)
  const deleting = texts
    .filter(([, text]) => /patroni_reinit|rm, -rf|rm -rf/.test(text))
    .map(([file]) => file)
  expect(deleting).toEqual(['rebuild-standby.yml', 'remove-cluster.yml'])
  for (const file of deleting) {
    const params = Object.entries(load(file).params).filter(([name]) => /discard|delete/.test(name))
    expect(params.map(([, { default: preset }]) => preset)).toEqual([false])
  }
})

test('every runbook that status names exists', () => {
  const folder = join(ROOT, 'src/stacks/patroni')
  const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))
  const named = [...sources.join('\n').matchAll(/\brun\('([a-z-]+)'/g)].map((match) => match[1] ?? '')
  expect(named.length).toBeGreaterThan(3)
  expect(named.filter((name) => !files.includes(`${name}.yml`))).toEqual([])
})

test('the names of older tools work', () => {
  const aliases = files.flatMap((file) => load(file).aliases)
  for (const name of [
    'cls_start',
    'cls_stop',
    'cls_online_switch',
    'cls_repair_slave',
    'rebuild-slave',
    'reinit',
  ]) {
    expect(aliases).toContain(name)
  }
  expect(aliases.filter((name, index) => aliases.indexOf(name) !== index)).toEqual([])
})

/** Every playbook with what it imports; parts are read through those. */
const handlers = [...all.values()].flatMap(({ plays }) => plays.flatMap((play) => play.handlers))

test('no handler asks alone whether there is something to do: its run would have to make the answer no', () => {
  const guarded = handlers.filter(({ args }) => 'onlyif' in args && !('unless' in args || 'creates' in args))
  expect(handlers.length).toBeGreaterThan(0)
  expect(guarded.map(({ name }) => name)).toEqual([])
})

test('a member that never was a standby has no password file, and nothing is changed there', () => {
  const argv = [join(ROOT, 'files/patroni/reload-passfile.py'), '/nonexistent/.pgpass_patroni']
  const { status, stderr } = spawnSync('python3', argv, { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
})
