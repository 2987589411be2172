import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Diagnostic } from '../../../src/diag/diagnostic.ts'
import { loadInventory } from '../../../src/inventory/load.ts'
import { STACKS } from '../../../src/stacks/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'hactl-names-'))
afterAll(() => rmSync(dir, { recursive: true }))
let count = 0

interface Written {
  readonly stack?: string
  readonly name?: string
  readonly cluster?: string
  readonly members?: string
  readonly more?: string
}

/** An inventory with one thing in it changed, and what is said of it. */
async function said({ stack, name = 'pgc', cluster = '', members, more = '' }: Written) {
  const file = join(dir, `${count++}.yml`)
  const hosts =
    members ??
    'pg1: { ansible_host: 10.77.0.11 }, pg2: { ansible_host: 10.77.0.12 }, pg3: { ansible_host: 10.77.0.13 }'
  writeFileSync(
    file,
    `all:
  vars:
    cluster: { name: ${name}, stack: ${stack ?? 'patroni'}, ${cluster.includes('writer_vip') ? '' : 'writer_vip: { address: 10.77.0.20/24 }, '}${cluster} }
  children:
    postgres: { hosts: { ${hosts} } }
${more}`,
  )
  const { diagnostics } = await loadInventory(file, { stacks: STACKS, secrets: { env: {} } })
  return diagnostics
}

const isPlaced = ({ at, hint }: Diagnostic): boolean =>
  at !== undefined && at.line > 0 && at.col > 0 && /allowed: /.test(hint ?? '')

const others = 'pg2: { ansible_host: 10.77.0.12 }, pg3: { ansible_host: 10.77.0.13 }'
const BAD_HOSTS = [
  'a b;c',
  'a;b',
  'a=b',
  'a,b',
  '-a',
  'a-',
  'a..b',
  'a"b',
  "a'b",
  'a$b',
  'grün',
  'x'.repeat(65),
  'fd00::1',
]

test.each(STACKS.flatMap(({ name: stack }) => BAD_HOSTS.map((host) => [stack, host] as const)))(
  'stack %s: a member called %s is refused, with its place and what is allowed',
  async (stack, host) => {
    const members = `${JSON.stringify(host)}: { ansible_host: 10.77.0.11 }, ${others}`
    const found = (await said({ stack, members })).filter(({ severity }) => severity === 'error')
    expect(found.some((each) => each.code === 'inventory/name' && isPlaced(each))).toBe(true)
  },
)

test.each([
  ['etcd', 'patroni'],
  ['proxy', 'patroni'],
  ['witness', 'pacemaker'],
])('a host of the group %s has a name by the same rule', async (group, stack) => {
  const more = `    ${group}: { hosts: { "e 1;": { ansible_host: 10.77.0.31 } } }\n`
  expect(await said({ stack, more })).toContainEqual(expect.objectContaining({ code: 'inventory/name' }))
})

test('a host of no cluster may have any name', async () => {
  const more = `    other: { hosts: { "a;b": { ansible_host: 10.77.0.31 } } }\n`
  const found = await said({ more })
  expect(found.filter(({ severity }) => severity === 'error')).toEqual([])
})

test.each(['eth0 ', 'e/0', 'eth0;id', '..', 'a'.repeat(16), 'eth:0', ''])(
  'the interface "%s" is refused',
  async (nic) => {
    const members = `pg1: { ansible_host: 10.77.0.11, nic: "${nic}" }, ${others}`
    for (const { name: stack } of STACKS) {
      const [found] = (await said({ stack, members })).filter(({ code }) => code === 'inventory/name')
      expect(found && isPlaced(found)).toBe(true)
      expect(found?.at?.line).toBe(5)
    }
  },
)

test.each(['eth0', 'bond0.100', 'br-lan', 'enp65s0f0np0'])('the interface %s is fine', async (nic) => {
  const members = `pg1: { ansible_host: 10.77.0.11, nic: ${nic} }, ${others}`
  expect(await said({ members })).toEqual([])
})

test('names that differ in capital letters alone are one name to a resolver', async () => {
  const members = `PG2: { ansible_host: 10.77.0.11 }, ${others}`
  expect((await said({ members })).map(({ summary }) => summary)).toEqual([
    'the hosts PG2 and pg2 differ in capital letters alone',
  ])
})

test.each([
  ['a scope', 'patroni: { scope: "a b" }'],
  ['a scope with a slash', 'patroni: { scope: a/b }'],
  ['a namespace', 'patroni: { namespace: "/a b;/" }'],
  ['a slot', 'patroni: { slots: { My-Slot: { type: physical } } }'],
  ['the user of the REST API', 'patroni: { rest: { user: "a:b" } }'],
  ['a token', 'etcd: { token: "a b" }'],
  ['a label', 'writer_vip: { address: 10.77.0.20/24, label: "a b" }'],
  ['a replication role', 'replication: { user: "my user" }'],
  ['a reserved replication role', 'replication: { user: pg_repl }'],
  ['a role of the server itself', 'postgres: { roles: [{ name: pg_app }] }'],
  ['a role for everybody', 'postgres: { roles: [{ name: public }] }'],
  ['a long role', `postgres: { roles: [{ name: ${'x'.repeat(64)} }] }`],
  ['a role of 64 bytes', `postgres: { roles: [{ name: ${'ü'.repeat(32)} }] }`],
  ['a database with a line break', 'postgres: { databases: [{ name: "a\\nb" }] }'],
  ['a setting', 'postgres: { settings: { "a b": 1 } }'],
  ['a server', 'postgres: { cluster_name: "a b" }'],
  ['a folder', 'postgres: { data_dir: "/a b" }'],
])('%s is checked by the rule of the program it is for', async (_, cluster) => {
  const found = (await said({ cluster })).filter(({ code }) => code === 'inventory/name')
  expect(found).toHaveLength(1)
  expect(found.every(isPlaced)).toBe(true)
  expect(found[0]?.at?.line).toBe(3)
})

test.each(STACKS.map(({ name }) => name))(
  'stack %s: roles and databases have names as PostgreSQL takes them',
  async (stack) => {
    const roles = 'roles: [{ name: App-User, member_of: [pg_monitor] }, { name: user }, { name: Müller }]'
    const databases = 'databases: [{ name: My-App, owner: App-User }, { name: "2024_data", owner: user }]'
    expect(await said({ stack, cluster: `postgres: { ${roles}, ${databases} }` })).toEqual([])
  },
)

test.each([
  ['pacemaker', 'a'.repeat(16)],
  ['pacemaker', '"a b"'],
  ['patroni', 'a'.repeat(64)],
  ['patroni', 'a/b'],
])('stack %s: the cluster name %s is refused', async (stack, name) => {
  const found = await said({ stack, name })
  expect(found).toHaveLength(1)
  expect(found.every(isPlaced)).toBe(true)
})

test('members whose names give one replication slot are refused', async () => {
  const members = `pg-1: { ansible_host: 10.77.0.11 }, pg.1: { ansible_host: 10.77.0.12 }, pg2: { ansible_host: 10.77.0.13 }`
  const [found] = await said({ members })
  expect(found).toMatchObject({ code: 'patroni/same-slot', at: { line: 5 } })
})

test.each(STACKS)(
  'what a stack itself says of a host has the place of the host: $name',
  async ({ name: stack }) => {
    const members = `PG1: { ansible_host: 10.77.0.11, tags: [], links: [10.77.0.11, 10.78.0.11, 10.79.0.11] }, ${others}`
    const found = await said({ stack, members })
    expect(found.length).toBeGreaterThan(0)
    expect(found.filter(({ at }) => at === undefined)).toEqual([])
  },
)
