import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { HactlError, problem } from '../../../src/diag/diagnostic.ts'
import { loadInventory, openInventory } from '../../../src/inventory/load.ts'
import type { StackSpec } from '../../../src/inventory/stack-spec.ts'
import { members, witnesses } from '../../../src/inventory/topology.ts'
import { Secret, reveal } from '../../../src/lib/secret.ts'
import { Type } from '../../../src/lib/type.ts'
import { text } from '../../../src/schema/build.ts'

const root = mkdtempSync(join(tmpdir(), 'hactl-load-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0

function write(files: Readonly<Record<string, string>>): string {
  const dir = join(root, String(count++))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), content)
  }
  return dir
}

const stack: StackSpec = {
  name: 'sample',
  groups: { members: ['postgres'], voters: ['witness'] },
  addresses: ['writer_vip', 'reader_vip'],
  vars: Type.Object({
    port: Type.Integer({ description: 'Port.', default: 5432 }),
    password: Type.Optional(text({ description: 'Password.' })),
    writer_vip: Type.Optional(Type.Object({ address: Type.String({ description: 'Address.' }) })),
    reader_vip: Type.Optional(Type.Object({ address: Type.String({ description: 'Address.' }) })),
  }),
  check: (cluster) =>
    cluster.hosts.length > 2
      ? []
      : [problem('sample/too-few', `only ${cluster.hosts.length} hosts`, { severity: 'warning' })],
}
const load = (dir: string) => loadInventory(dir, { stacks: [stack], secrets: { env: {} } })
const codes = async (dir: string): Promise<readonly string[]> =>
  (await load(dir)).diagnostics.map((each) => each.code)

const CLUSTER = `all:
  vars:
    ansible_password: "plain text"
    app: { user: app, ports: [5432, 6432] }
    cluster:
      name: one
      stack: sample
      port: "{{ app.ports[1] }}"
      password: "{{ ansible_password }}"
      writer_vip: { address: 10.0.0.20/24 }
    url: "postgresql://{{ app.user }}@{{ inventory_hostname }}/{{ ansible_password }}"
  children:
    postgres: { hosts: { 'pg[1:2]': } }
    witness: { hosts: { w1: { ansible_host: 10.0.0.13 } } }
`
const HOSTS = {
  'host_vars/pg1.yml': 'ansible_host: 10.0.0.11\n',
  'host_vars/pg2.yml': 'ansible_host: 10.0.0.12\n',
}

test('a cluster has its checked variables with defaults, its members and its witnesses', async () => {
  const { inventory, diagnostics } = await load(write({ 'inventory.yml': CLUSTER, ...HOSTS }))
  expect(diagnostics.map((each) => each.code)).toEqual(['inventory/plain-password'])
  const [cluster] = inventory.clusters
  expect(cluster).toMatchObject({ name: 'one', stack: 'sample', group: 'all', vars: { port: 6432 } })
  expect(cluster && members(cluster).map((host) => host.name)).toEqual(['pg1', 'pg2'])
  expect(cluster && witnesses(cluster).map((host) => host.name)).toEqual(['w1'])
  expect(cluster?.where(['writer_vip', 'address'])).toMatchObject({ line: 10, col: 30 })
})

test('a reference keeps the type of a whole value, and makes a text with a secret in it secret', async () => {
  const { inventory } = await load(write({ 'inventory.yml': CLUSTER, ...HOSTS }))
  const url = inventory.hosts.get('pg2')?.vars['url']
  expect(url).toBeInstanceOf(Secret)
  expect(reveal(url as Secret)).toBe('postgresql://app@pg2/plain text')
  expect(inventory.clusters[0]?.vars['password']).toBeInstanceOf(Secret)
  expect(inventory.secrets.map(reveal)).toContain('plain text')
  expect(JSON.stringify([...inventory.hosts.values()])).not.toContain('plain text')
})

test('groups list their hosts in file order, children included', async () => {
  const { inventory } = await load(write({ 'inventory.yml': CLUSTER, ...HOSTS }))
  expect(Object.fromEntries(inventory.groups)).toEqual({
    all: ['pg1', 'pg2', 'w1'],
    postgres: ['pg1', 'pg2'],
    witness: ['w1'],
  })
})

test('the rules of a stack are asked also when its schema is broken', async () => {
  const two = CLUSTER.replace(/ {4}witness.*\n/, '')
  expect(await codes(write({ 'inventory.yml': two, ...HOSTS }))).toContain('sample/too-few')
  const wrong = two.replace('"{{ app.ports[1] }}"', 'x')
  expect(await codes(write({ 'inventory.yml': wrong, ...HOSTS }))).toEqual([
    'inventory/plain-password',
    'inventory/wrong-type',
    'sample/too-few',
  ])
})

test('a key file may be named by the folder of the inventory, as in Ansible', async () => {
  const text = 'all: { hosts: { a: { ansible_ssh_private_key_file: "{{ inventory_dir }}/keys/id" } } }\n'
  const dir = write({ 'inventory.yml': text })
  expect((await load(dir)).inventory.hosts.get('a')?.connection.privateKeyFile).toBe(join(dir, 'keys/id'))
})

test('two clusters with one name are refused', async () => {
  const both = (name: string): string =>
    `${name}: { vars: { cluster: { name: same, stack: sample } }, hosts: { ${name}1: , ${name}2: , ${name}3: } }\n`
  expect(await codes(write({ 'inventory.yml': both('a') + both('b') }))).toEqual([
    'inventory/duplicate-cluster',
  ])
})

test('a VIP outside the subnets of some members is a warning, of all an error', async () => {
  const at = (vip: string): Promise<readonly string[]> =>
    codes(
      write({
        'inventory.yml': CLUSTER.replace('10.0.0.20', vip),
        'host_vars/pg1.yml': 'ansible_host: 10.0.1.11\n',
        'host_vars/pg2.yml': 'ansible_host: 10.0.0.12\n',
      }),
    )
  expect(await at('10.0.0.20')).toEqual(['inventory/plain-password', 'inventory/vip-outside-subnets'])
  const { diagnostics } = await load(
    write({
      'inventory.yml': CLUSTER,
      'host_vars/pg1.yml': 'ansible_host: 10.0.1.11\n',
      'host_vars/pg2.yml': 'ansible_host: 10.0.0.12\n',
    }),
  )
  expect(diagnostics.map((each) => each.severity)).toEqual(['warning', 'warning'])
})

test('a link in the subnet of the VIP is enough', async () => {
  const files = {
    'inventory.yml': CLUSTER.replace('10.0.0.20', '10.9.0.20'),
    'host_vars/pg1.yml': 'ansible_host: 10.0.0.11\nlinks: [10.0.0.11, 10.9.0.11]\n',
    'host_vars/pg2.yml': 'ansible_host: 10.0.0.12\nlinks: [10.0.0.12, 10.9.0.12]\n',
  }
  expect(await codes(write(files))).toEqual(['inventory/plain-password'])
})

test('hosts behind one address with different ports are different hosts', async () => {
  const forwarded =
    'all: { hosts: { a: { ansible_host: 127.0.0.1, ansible_port: 2201 }, b: { ansible_host: 127.0.0.1, ansible_port: 2202 } } }\n'
  expect(await codes(write({ 'inventory.yml': forwarded }))).toEqual([])
})

test('one mistake in a variable of all hosts is one message', async () => {
  const text = 'all:\n  vars: { ansible_port: x, a: "{{ nothing }}" }\n  hosts: { "h[1:50]": }\n'
  const { diagnostics } = await load(write({ 'inventory.yml': text }))
  expect(new Set(diagnostics.map((each) => JSON.stringify(each))).size).toBe(2)
})

test('openInventory throws everything that is wrong, and hands back warnings', async () => {
  const bad = write({ 'inventory.yml': 'all:\n  hosst:\n  hosts: { a: { ansible_port: x } }\n' })
  const thrown = await openInventory(bad).catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(HactlError)
  expect((thrown as HactlError).exit).toBe(2)
  expect((thrown as HactlError).diagnostics).toHaveLength(2)
  const good = write({ 'inventory.yml': 'all: { hosts: { a: } }\n', 'group_vars/nobody.yml': 'x: 1\n' })
  expect((await openInventory(good)).diagnostics.map((each) => each.severity)).toEqual(['warning'])
})

test('a name of JavaScript itself is only a name', async () => {
  const text =
    'all:\n  vars: { toString: 1, a: "{{ constructor }}", b: "{{ c.valueOf }}", c: {} }\n  hosts: { __proto__: , a: }\n'
  const found = await codes(write({ 'inventory.yml': text }))
  expect(new Set(found)).toEqual(new Set(['inventory/undefined-variable']))
})
