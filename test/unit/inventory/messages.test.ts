import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Diagnostic } from '../../../src/diag/diagnostic.ts'
import { diagnosticsJson, renderDiagnostics } from '../../../src/diag/render.ts'
import { loadInventory } from '../../../src/inventory/load.ts'
import { reveal, type Secret } from '../../../src/lib/secret.ts'
import { STACKS } from '../../../src/stacks/index.ts'

const root = mkdtempSync(join(tmpdir(), 'hactl-messages-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0

function write(files: Readonly<Record<string, string | Buffer>>): string {
  const dir = join(root, String(count++))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), content)
  }
  return dir
}

const load = (dir: string) => loadInventory(dir, { stacks: STACKS, secrets: { env: {} } })
const codes = ({ diagnostics }: { readonly diagnostics: readonly Diagnostic[] }) =>
  diagnostics.map(({ code }) => code)
const everything = (diagnostics: readonly Diagnostic[]): string =>
  renderDiagnostics(diagnostics) + diagnosticsJson(diagnostics)

const cluster = (role: string, stack = 'patroni'): string => `all:
  vars:
    ansible_user: root
    cluster:
      name: pgc
      stack: ${stack}
      writer_vip: { address: 10.77.0.20/24 }
      postgres:
        roles:
          - ${role}
  children:
    postgres:
      hosts:
        pg1: { ansible_host: 10.77.0.11 }
        pg2: { ansible_host: 10.77.0.12 }
        pg3: { ansible_host: 10.77.0.13 }
`

test.each([
  '{ name: a, password: "geheim{{et" }',
  '{ name: a, password: "{{ geheim" }',
  '{ name: a, password: "{{ geheim }}" }',
  '{ name: a, password: "100%{% geheim" }',
  '{ name: a, password: "{# geheim" }',
  '{ name: a, password: 4711geheim, pasword: geheim, superuser: maybe }',
  '{ name: a, password: *geheim }',
  '{ name: a, password: !geheim with bang }',
  '{ name: a, password: @geheim }',
  '{ name: a, password: "geheim }',
  '{ name: a, password: geheim] }',
  '{ name: a, password: [geheim] }',
  '{ name: a, password: { geheim: 1 } }',
  'name: a\n            password: |\n              {{ geheim',
  'name: a\n            password:\n              "geheim\n            {{"',
])('no part of a message repeats a secret: %s', async (role) => {
  const { diagnostics } = await load(write({ 'inventory.yml': cluster(role) }))
  expect(diagnostics.length).toBeGreaterThan(0)
  expect(everything(diagnostics)).not.toContain('geheim')
})

test.each([
  '{ name: a, password: 47110815 }',
  '{ name: a, password: 04711 }',
  '{ name: a, password: 47:11 }',
  '{ name: a, password: 4711.5 }',
])('a number that is meant to be a secret is not repeated: %s', async (role) => {
  const { diagnostics } = await load(write({ 'inventory.yml': cluster(role) }))
  expect(diagnostics.length).toBeGreaterThan(0)
  expect(everything(diagnostics)).not.toContain('47')
})

test('passwords of connections of any type are hidden', async () => {
  const file =
    'all: { hosts: { a: { ansible_password: [geheim], ansible_become_password: { geheim: 1 } } } }\n'
  const { diagnostics } = await load(write({ 'inventory.yml': file }))
  expect(codes({ diagnostics })).toEqual(['inventory/wrong-type', 'inventory/wrong-type'])
  expect(everything(diagnostics)).not.toContain('geheim')
})

test('a value that looks like a template: both ways that the hint names are right', async () => {
  const { diagnostics } = await load(write({ 'inventory.yml': cluster('{ name: a, password: "x{{y" }') }))
  const [found] = diagnostics
  expect(found?.code).toBe('inventory/expression')
  expect(found?.hint).toContain('`hactl secrets edit`')
  const reference = /"(\{\{ secrets\.\w+ \}\})"/.exec(found?.hint ?? '')?.[1] ?? ''
  expect(reference).toBe('{{ secrets.password }}')
  const mark = /!unsafe 'VALUE'/.exec(found?.hint ?? '')?.[0].replace('VALUE', 'x{{y') ?? ''
  const marked = await load(write({ 'inventory.yml': cluster(`{ name: a, password: ${mark} }`) }))
  expect(marked.diagnostics).toEqual([])
  const [made] = marked.inventory.clusters
  expect(JSON.stringify(made?.vars['postgres'])).toContain('x{{y')
})

test('!unsafe keeps a text from being a template in every variable', async () => {
  const file = `all:
  vars: { note: !unsafe 'a {{ b }} {% c', list: [!unsafe '{{ d }}', plain], n: !unsafe 5 }
  hosts: { a: { ansible_password: !unsafe "s{{t" } }
`
  const { inventory, diagnostics } = await load(write({ 'inventory.yml': file }))
  expect(codes({ diagnostics })).toEqual(['inventory/plain-password'])
  expect(inventory.hosts.get('a')?.vars).toMatchObject({
    note: 'a {{ b }} {% c',
    list: ['{{ d }}', 'plain'],
    n: '5',
  })
  expect(reveal(inventory.hosts.get('a')?.vars['ansible_password'] as Secret)).toBe('s{{t')
})

const VAULT = '$ANSIBLE_VAULT;1.1;AES256\n6135\n'

test.each([
  { 'inventory.yml': VAULT },
  { 'inventory.yml': cluster('{ name: a }'), 'group_vars/all.yml': VAULT },
  { 'inventory.yml': cluster('{ name: a }'), 'group_vars/postgres/vault': VAULT },
  { 'inventory.yml': cluster('{ name: a }'), 'host_vars/pg1.yaml': VAULT },
  { 'inventory.yml': cluster('{ name: a, password: !vault "x" }') },
])('what ansible-vault has encrypted is named as that, with the way over', async (files) => {
  const { diagnostics } = await load(write(files))
  const [found] = diagnostics
  expect(found).toMatchObject({ code: 'yaml/vault', severity: 'error' })
  expect(found?.hint).toContain('`hactl secrets edit`')
})

test.each([
  ['yes', true],
  ["'yes'", true],
  ["'on'", true],
  ['1', true],
  ["'1'", true],
  ['True', true],
  ['y', true],
  ['no', false],
  ["'off'", false],
  ['0', false],
  ["'False'", false],
])("Ansible's words for true and false are taken: %s", async (written, wanted) => {
  const file = `all: { hosts: { a: { ansible_become: ${written} } } }\n`
  const { inventory, diagnostics } = await load(write({ 'inventory.yml': file }))
  expect(diagnostics).toEqual([])
  expect(inventory.hosts.get('a')?.connection.become).toBe(wanted)
})

test('what Ansible takes for its other variables is taken', async () => {
  const file = `all:
  hosts:
    a: { ansible_port: '22', ansible_ssh_timeout: '30', ansible_user: 1000, ansible_connection: ansible.builtin.ssh,
         ansible_become_method: ansible.builtin.sudo, ansible_become_password: 12345 }
`
  const { inventory, diagnostics } = await load(write({ 'inventory.yml': file }))
  expect(codes({ diagnostics })).toEqual(['inventory/plain-password'])
  const connection = inventory.hosts.get('a')?.connection
  expect(connection).toMatchObject({ port: 22, user: '1000', kind: 'ssh', connectTimeoutMs: 30_000 })
  expect(reveal(connection?.becomePassword ?? '')).toBe('12345')
})

test('in an estate without a cluster, what hactl is not asked about refuses nothing', async () => {
  const file = `all:
  vars: { url: "{{ x | default('y') }}", other: "{{ nowhere }}" }
  hosts:
    a: { ansible_host: 10.0.0.1 }
    b: { ansible_host: 10.0.0.1 }
    c: { ansible_host: "{{ x | y }}" }
`
  const { inventory, diagnostics } = await load(write({ 'inventory.yml': file }))
  expect(diagnostics.map(({ code, severity }) => `${severity} ${code}`).sort()).toEqual([
    'warning inventory/expression',
    'warning inventory/expression',
    'warning inventory/same-address',
    ...Array(3).fill('warning inventory/undefined-variable'),
  ])
  expect(inventory.hosts.get('a')?.connection.problems).toBeUndefined()
  expect(inventory.hosts.get('a')?.vars).toEqual({ ansible_host: '10.0.0.1' })
  expect(inventory.hosts.get('c')?.connection.problems?.map(({ code }) => code)).toEqual([
    'inventory/expression',
  ])
})

test('for the hosts of a cluster the same are errors', async () => {
  const file = cluster('{ name: a }')
    .replace('10.77.0.12', '10.77.0.11')
    .replace('10.77.0.13', '"{{ x | y }}"')
  const { diagnostics } = await load(write({ 'inventory.yml': file }))
  const errors = diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code)
  expect(errors).toEqual(expect.arrayContaining(['inventory/expression', 'inventory/same-address']))
})

test.each([
  'pg1 ansible_host=10.0.0.1\npg2\n',
  '# x\npg1\npg2\n',
  '[db]\npg1\n',
  '[db:vars]\na=b\n',
  '[a.b] ; x\n',
])('an INI inventory is called that, with a section or without: %j', async (text) => {
  expect(codes(await load(write({ 'inventory.yml': text })))).toEqual(['inventory/ini'])
})

test.each(['all:\n', 'all: { hosts: { a: } }\n', 'just\n', '- a\n- b\n'])('YAML is not: %j', async (text) => {
  expect(codes(await load(write({ 'inventory.yml': text })))).not.toContain('inventory/ini')
})

test('a file in another encoding is named with the place and the way to convert it', async () => {
  const latin = Buffer.from('all:\n  vars: { name: M\xfcller }\n  hosts: { a: }\n', 'latin1')
  const [found] = (await load(write({ 'inventory.yml': latin }))).diagnostics
  expect(found).toMatchObject({ code: 'yaml/encoding', at: { line: 2, col: 18 } })
  expect(found?.hint).toContain('iconv -f ISO-8859-1')
  const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('all:\n', 'utf16le')])
  expect(codes(await load(write({ 'inventory.yml': wide })))).toEqual(['yaml/encoding'])
  const vars = await load(write({ 'inventory.yml': 'all: { hosts: { a: } }\n', 'host_vars/a.yml': latin }))
  expect(codes(vars)).toEqual(['yaml/encoding'])
})

test('links in a circle, values in themselves, and names without end are told of', async () => {
  const dir = write({ 'inventory.yml': 'all: { hosts: { a: , b: } }\n', 'host_vars/b/x.yml': 'y: 1\n' })
  symlinkSync('a.yml', join(dir, 'host_vars/a.yml'))
  symlinkSync('.', join(dir, 'host_vars/b/loop'))
  expect([...new Set(codes(await load(dir)))].sort()).toEqual(['inventory/folder-circle', 'yaml/unreadable'])
  expect(
    codes(await load(write({ 'inventory.yml': 'all: { vars: { x: &x [1, *x] }, hosts: { a: } }\n' }))),
  ).toEqual(['yaml/alias-circle'])
  for (const depth of [150, 5000]) {
    const deep = `all: { hosts: { a: }, vars: { x: ${'['.repeat(depth)}${']'.repeat(depth)} } }\n`
    expect(codes(await load(write({ 'inventory.yml': deep })))).toEqual(['yaml/too-deep'])
  }
  const long = `all: { hosts: { ${'a'.repeat(300)}: } }\n`
  expect((await load(write({ 'inventory.yml': long, 'host_vars/b.yml': 'x: 1\n' }))).diagnostics.length).toBe(
    2,
  )
})
