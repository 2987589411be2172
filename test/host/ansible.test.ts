import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { readLayout } from '../../src/inventory/layout.ts'
import { loadInventory } from '../../src/inventory/load.ts'
import { groupsOfHosts, mergeVars } from '../../src/inventory/merge.ts'
import { matchHosts } from '../../src/inventory/pattern.ts'
import { readFileLayers } from '../../src/inventory/vars-files.ts'
import { parseYaml } from '../../src/schema/yaml.ts'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../..')
const temporary = mkdtempSync(join(tmpdir(), 'hactl-ansible-'))
afterAll(() => rmSync(temporary, { recursive: true }))

type Json = Record<string, unknown>
interface View {
  readonly vars: Readonly<Record<string, Json>>
  readonly groups: Readonly<Record<string, readonly string[]>>
}

const ENV = { ...process.env, ANSIBLE_LOCALHOST_WARNING: 'False', ANSIBLE_DEPRECATION_WARNINGS: 'False' }

/** What Ansible makes of an inventory: the variables of hosts, and groups with all their hosts. */
async function ansible(file: string): Promise<View> {
  const { stdout } = await run('ansible-inventory', ['--list', '-i', file], { env: ENV, cwd: temporary })
  const listed = JSON.parse(stdout) as Record<string, { hosts?: string[]; children?: string[] }> & {
    _meta: { hostvars: Record<string, Json> }
  }
  const below = (group: string): string[] => [
    ...(listed[group]?.hosts ?? []),
    ...(listed[group]?.children ?? []).flatMap(below),
  ]
  const names = Object.keys(listed).filter((name) => name !== '_meta')
  const groups = Object.fromEntries(names.map((name) => [name, [...new Set(below(name))].sort()]))
  const hosts = groups['all'] ?? []
  return { vars: Object.fromEntries(hosts.map((host) => [host, listed._meta.hostvars[host] ?? {}])), groups }
}

/** The same from our own loader: merged variables as written, before references are replaced. */
function ours(file: string): View {
  const layout = readLayout(parseYaml(readFileSync(file, 'utf8'), file))
  const files = readFileLayers(dirname(file), layout)
  const memberships = groupsOfHosts(layout)
  const vars = [...memberships].map(([host, groups]) => {
    const merged = [...mergeVars(layout, files, groups, host)]
    return [host, Object.fromEntries(merged.map(([name, { value }]) => [name, value]))] as const
  })
  const hostsOf = (group: string): string[] =>
    [...memberships]
      .filter(([, groups]) => groups.includes(group))
      .map(([host]) => host)
      .sort()
  return {
    vars: Object.fromEntries(vars),
    groups: Object.fromEntries([...layout.groups.keys()].map((group) => [group, hostsOf(group)])),
  }
}

/** Ansible lists groups without hosts in some versions and leaves them out in others. */
const filled = (view: View): View => ({
  ...view,
  groups: Object.fromEntries(Object.entries(view.groups).filter(([, hosts]) => hosts.length > 0)),
})

const inventoriesBelow = (folder: string): readonly string[] =>
  statSync(folder, { throwIfNoEntry: false })
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => /(^|\/)(inventory|hosts)\.ya?ml$/.test(name) && !name.includes('.hactl'))
        .map((name) => join(folder, name))
    : []

const shipped = inventoriesBelow(join(ROOT, 'inventories'))
const samples = inventoriesBelow(join(import.meta.dirname, 'inventories'))

test('there are inventories to compare', () => {
  expect(samples.length).toBeGreaterThanOrEqual(4)
})

test.each([...shipped, ...samples].map((file) => [file.slice(ROOT.length + 1), file]))(
  'ansible-inventory and hactl read %s alike',
  async (_, file) => {
    expect(filled(ours(file))).toEqual(filled(await ansible(file)))
  },
)

const GROUPS = ['a', 'b', 'c', 'd']
const HOSTS = ['h1', 'h2', 'h3']
const variables = fc.dictionary(
  fc.constantFrom('x', 'y', 'z'),
  fc.oneof(fc.integer(), fc.boolean(), fc.constant([1]), fc.constant({ k: 1 })),
  { maxKeys: 3 },
)
const priority = fc.option(fc.record({ ansible_group_priority: fc.integer({ min: 1, max: 3 }) }), { nil: {} })

/** Inventories without cycles: a group has only later ones as children. */
const inventory = fc
  .record({
    all: fc.record({
      vars: variables,
      hosts: fc.dictionary(fc.constantFrom(...HOSTS), variables, { maxKeys: 2 }),
    }),
    groups: fc.array(
      fc.record({
        vars: variables,
        priority,
        hosts: fc.dictionary(fc.constantFrom(...HOSTS), variables, { maxKeys: 3 }),
        children: fc.subarray(GROUPS),
      }),
      { minLength: 4, maxLength: 4 },
    ),
    files: fc.dictionary(
      fc.constantFrom(
        'group_vars/all.yml',
        'group_vars/a.yml',
        'group_vars/b.yml',
        'group_vars/c.yaml',
        'group_vars/d/one.yml',
        'host_vars/h1.yml',
        'host_vars/h2',
      ),
      variables,
      { maxKeys: 4 },
    ),
  })
  .map(({ all, groups, files }) => {
    const children = groups.map(({ priority: rank, ...group }, index) => {
      const later = group.children.filter((name) => GROUPS.indexOf(name) > index)
      return [
        GROUPS[index] ?? '',
        {
          ...group,
          vars: { ...group.vars, ...rank },
          children: Object.fromEntries(later.map((name) => [name, {}])),
        },
      ]
    })
    return { root: { all, ...(Object.fromEntries(children) as Json) }, files }
  })

test('random inventories are merged as Ansible merges them', { timeout: 120_000 }, async () => {
  for (const [index, { root, files }] of fc.sample(inventory, { numRuns: 15, seed: 7 }).entries()) {
    const file = join(temporary, String(index), 'inventory.yml')
    for (const [path, data] of [['inventory.yml', root], ...Object.entries(files)] as const) {
      const target = join(temporary, String(index), path)
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, JSON.stringify(data))
    }
    expect({ index, root, ...filled(ours(file)) }).toEqual({ index, root, ...filled(await ansible(file)) })
  }
})

const PATTERNS = [
  'all',
  '*',
  'pg1',
  'pg*',
  'postgres',
  'postgres:!pg2',
  'postgres:&east',
  '!postgres',
  'postgres[0]',
  'postgres[-1]',
  'postgres[1:]',
  'postgres[0:1]',
  'pg[13]',
  '~pg[12]',
  'east:west',
  'east,west',
  'w*:pg1:!east',
  'pg?',
  'postgres[0:1]:!pg1',
  'pg3,pg1',
]

test('patterns choose the hosts that Ansible chooses', async () => {
  const file = join(import.meta.dirname, 'inventories/patterns/inventory.yml')
  const { inventory: known } = await loadInventory(file)
  for (const pattern of PATTERNS) {
    const { stdout } = await run('ansible', ['-i', file, pattern, '--list-hosts'], {
      env: ENV,
      cwd: temporary,
    })
    const theirs = stdout
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
      .filter((line) => line !== '')
    expect([pattern, [...matchHosts(known, pattern).hosts].sort()]).toEqual([pattern, theirs.sort()])
  }
})
