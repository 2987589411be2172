import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadInventory } from '../../../src/inventory/load.ts'
import type { StackSpec } from '../../../src/inventory/stack-spec.ts'
import { members, serving, witnesses } from '../../../src/inventory/topology.ts'
import { Type } from '../../../src/lib/type.ts'

const dir = mkdtempSync(join(tmpdir(), 'hactl-belonging-'))
afterAll(() => rmSync(dir, { recursive: true }))

const stack: StackSpec = {
  name: 'sample',
  vars: Type.Object({}),
  groups: { members: ['data'], voters: ['judge'], serving: ['router'] },
  check: () => [],
}

let count = 0

/** Who does what in an inventory whose groups are written as YAML below `all`, and what is said about it. */
async function cast(groups: string, vars = 'cluster: { name: one, stack: sample }') {
  const file = join(dir, `${count++}.yml`)
  writeFileSync(file, `all:\n  vars: { ${vars} }\n${groups}`)
  const { inventory, diagnostics } = await loadInventory(file, { stacks: [stack], secrets: { env: {} } })
  const [cluster] = inventory.clusters
  if (!cluster) throw new Error('no cluster')
  const names = (hosts: readonly { readonly name: string }[]) => hosts.map(({ name }) => name)
  return {
    hosts: names(cluster.hosts),
    members: names(members(cluster)),
    voters: names(witnesses(cluster)),
    routers: names(serving(cluster, 'router')),
    said: diagnostics.map(({ code, severity }) => `${severity} ${code}`),
    diagnostics,
  }
}

const DATA = '    data: { hosts: { "pg[1:2]": } }\n'

test('a host of a group that the stack does not name is no part of the cluster, and a warning says so', async () => {
  const found = await cast(`  children:\n${DATA}    monitoring: { hosts: { mon1: } }\n`)
  expect(found).toMatchObject({
    hosts: ['pg1', 'pg2'],
    members: ['pg1', 'pg2'],
    said: ['warning inventory/no-task'],
  })
  expect(found.diagnostics[0]?.summary).toContain('mon1')
  expect(found.diagnostics[0]?.hint).toContain('data, router, judge')
})

test('a member may be in any other group as well', async () => {
  const found = await cast(`  children:\n${DATA}    monitoring: { hosts: { "pg[1:2]": } }\n`)
  expect(found).toMatchObject({ members: ['pg1', 'pg2'], said: [] })
})

test('hosts that vote or serve are part of the cluster and no members', async () => {
  const found = await cast(
    `  children:\n${DATA}    judge: { hosts: { j1: } }\n    router: { hosts: { r1: , pg1: } }\n`,
  )
  expect(found).toMatchObject({ members: ['pg1', 'pg2'], voters: ['j1'], routers: ['pg1', 'r1'], said: [] })
  expect((await cast(`  children:\n${DATA}`)).routers).toEqual(['pg1', 'pg2'])
})

test('without a group of members, those are the hosts listed in the group of the cluster itself', async () => {
  expect(await cast('  hosts: { "n[1:2]": }\n')).toMatchObject({ members: ['n1', 'n2'], said: [] })
  const beside = await cast('  hosts: { "n[1:2]": }\n  children: { monitoring: { hosts: { mon1: } } }\n')
  expect(beside).toMatchObject({ members: ['n1', 'n2'], said: ['warning inventory/no-task'] })
  const judged = await cast('  hosts: { n1: , n2: , j1: }\n  children: { judge: { hosts: { j1: } } }\n')
  expect(judged).toMatchObject({ members: ['n1', 'n2'], voters: ['j1'], said: [] })
})

test('as soon as one host is in a group of members, no other becomes one', async () => {
  const found = await cast(`  hosts: { n1: }\n  children:\n${DATA}`)
  expect(found).toMatchObject({ members: ['pg1', 'pg2'], said: ['warning inventory/no-task'] })
})

test('hosts in a group of another name alone make no cluster, and the hint is right', async () => {
  const found = await cast('  children: { database: { hosts: { "pg[1:2]": } } }\n')
  expect(found).toMatchObject({ members: [], said: ['error inventory/no-members'] })
  const hinted = /children: (\{ data: .*\})$/.exec(found.diagnostics[0]?.hint ?? '')?.[1] ?? ''
  const mended = await cast(`  children: ${hinted.replace(/ \}$/, ', database: { hosts: { pg1: } } }')}\n`)
  expect(mended).toMatchObject({ members: ['pg1'], said: [] })
})

test('a host that votes and holds data is refused', async () => {
  const found = await cast(`  children:\n${DATA}    judge: { hosts: { pg2: } }\n`)
  expect(found.said).toEqual(['error inventory/two-tasks'])
})

test('the hosts of one group that carries a cluster are not asked about those of another', async () => {
  const file = join(dir, 'two.yml')
  writeFileSync(
    file,
    'one: { vars: { cluster: { name: one, stack: sample } }, children: { data: { hosts: { a1: } } } }\n' +
      'two: { vars: { cluster: { name: two, stack: sample } }, hosts: { b1: } }\n' +
      'monitoring: { hosts: { mon1: , a1: } }\n',
  )
  const { inventory, diagnostics } = await loadInventory(file, { stacks: [stack], secrets: { env: {} } })
  expect(diagnostics).toEqual([])
  expect(inventory.clusters.map((cluster) => cluster.members)).toEqual([['a1'], ['b1']])
})
