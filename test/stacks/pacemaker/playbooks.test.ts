import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadPlaybook } from '../../../src/engine/playbook.ts'
import { REGISTRY } from '../../../src/modules/index.ts'

const ROOT = join(import.meta.dirname, '../../..')
const FOLDER = join(ROOT, 'playbooks/pacemaker')
const files = readdirSync(FOLDER)

test.each(files)('%s is a sound playbook', (file) => {
  const playbook = loadPlaybook(join(FOLDER, file), REGISTRY)
  expect(playbook.plays.length).toBeGreaterThan(0)
})

test('no play for the witness has a task of PostgreSQL', () => {
  const plays = files.flatMap((file) => loadPlaybook(join(FOLDER, file), REGISTRY).plays)
  const there = plays.filter(({ hosts }) => /cluster\.(every|witnesses)\b/.test(hosts.toString()))
  expect(there.length).toBeGreaterThan(3)
  const said = there.flatMap(({ tasks }) => tasks.map(({ name, module, args }) => ({ name, module, args })))
  expect(JSON.stringify(said)).not.toMatch(/postgres/i)
})

test.each(['standby-node', 'unstandby-node', 'repair-standby', 'rebuild-standby'])(
  '%s is refused for a witness',
  (name) => {
    const { require } = loadPlaybook(join(FOLDER, `${name}.yml`), REGISTRY)
    expect(require).toContainEqual({ status: 'holds-data', host: '{{ params.on }}' })
  },
)

test('every runbook that status names exists', () => {
  const sources = ['health.ts', 'standby-health.ts'].map((file) =>
    readFileSync(join(ROOT, 'src/stacks/pacemaker', file), 'utf8'),
  )
  const named = [...sources.join().matchAll(/\brun\('([a-z-]+)'/g)].map((match) => match[1] ?? '')
  expect(named.length).toBeGreaterThan(3)
  expect(named.filter((name) => !files.includes(`${name}.yml`))).toEqual([])
})

test('the names of the older tool work', () => {
  const aliases = files.flatMap((file) => loadPlaybook(join(FOLDER, file), REGISTRY).aliases)
  const names = ['cls_start', 'cls_stop', 'cls_cleanup', 'cls_online_switch', 'cls_standby_node']
  const repairs = ['cls_rebuild_slave', 'cls_repair_slave', 'cls_repair_by_pg_rewind']
  for (const name of [...names, ...repairs]) {
    expect(aliases).toContain(name)
  }
})
