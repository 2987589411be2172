import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { loadInventory } from '../../../src/inventory/load.ts'
import { STACKS } from '../../../src/stacks/index.ts'

const ROOT = join(import.meta.dirname, '../../..')
const dir = mkdtempSync(join(tmpdir(), 'hactl-at-once-'))
afterAll(() => rmSync(dir, { recursive: true }))
let count = 0

type Path = readonly (string | number)[]
type Doc = ReturnType<typeof parseDocument>

/** A mistake: what is done to the inventory. The key is what it is about: two of one key are not independent. */
interface Mistake {
  readonly about: string
  readonly path: Path
  /** Undefined: the key is removed. */
  readonly value?: unknown
}

const CLUSTER = ['all', 'vars', 'cluster'] as const
const set = (about: string, path: Path, value: unknown): Mistake => ({ about, path, value })
const inCluster = (path: Path, value?: unknown): Mistake => ({
  about: path.slice(0, 2).join('.'),
  path: [...CLUSTER, ...path],
  ...(value !== undefined && { value }),
})

const MISTAKES: readonly Mistake[] = [
  inCluster(['name']),
  inCluster(['name'], 'a b'),
  inCluster(['stack']),
  inCluster(['guard']),
  inCluster(['writer_vip']),
  inCluster(['writer_vip'], { address: '10.77.0.20' }),
  inCluster(['timing'], 'fats'),
  inCluster(['timng'], 'fast'),
  inCluster(['postgres', 'version'], 7),
  inCluster(['postgres', 'version'], '15'),
  inCluster(['postgres', 'version'], '{{ nothing }}'),
  inCluster(['postgres', 'prot'], 5432),
  inCluster(['postgres', 'port'], 'x'),
  inCluster(['postgres', 'hba'], ['hots all all all md5']),
  inCluster(['postgres', 'settings'], { wal_level: 'minimal' }),
  inCluster(['postgres', 'settings'], { 'a b': 1 }),
  inCluster(['postgres', 'roles'], [{ name: 'postgres' }]),
  inCluster(['postgres', 'roles'], [{ nmae: 'app' }, { name: 'app' }]),
  inCluster(['postgres', 'databases'], [{ name: 'a', owner: 'nobody' }]),
  inCluster(['replication', 'user'], 'a b'),
  inCluster(['replication', 'mode'], 'snyc'),
  inCluster(['firewall', 'open_ports'], 'yes please'),
  set('tags', ['all', 'children', 'postgres', 'vars', 'tags'], { 'no-failover': true }),
  set('nic', ['all', 'children', 'postgres', 'vars', 'nic'], 'a/b'),
  set('group', ['all', 'hosst'], {}),
  set('hosts', ['all', 'children', 'postgres', 'hosts', 'x y;'], { ansible_host: '10.77.0.66' }),
  set('hosts', ['all', 'children', 'postgres', 'hosts', 'zz1'], { ansible_host: 'no/address' }),
  set('user', ['all', 'vars', 'ansible_port'], 'ssh'),
]

function broken(text: string, mistakes: readonly Mistake[]): string {
  const doc: Doc = parseDocument(text)
  for (const { path, value } of mistakes) {
    if (value === undefined) doc.deleteIn([...path])
    else doc.setIn([...path], doc.createNode(value))
  }
  return doc.toString()
}

/** What is said, without places: a second mistake moves lines. Numbers of hosts are another mistake's. */
const seen = new Map<string, readonly string[]>()
async function said(text: string): Promise<readonly string[]> {
  const before = seen.get(text)
  if (before) return before
  const file = join(dir, `${count++}.yml`)
  writeFileSync(file, text)
  const { diagnostics } = await loadInventory(file, { stacks: STACKS, secrets: { env: {} } })
  const all = diagnostics.map(
    ({ code, summary, at }) =>
      `${code} ${at === undefined ? 'nowhere' : ''} ${summary.replaceAll(/\d+/g, 'N')}`,
  )
  seen.set(text, all)
  return all
}

const shipped = readdirSync(join(ROOT, 'inventories'))
  .map((name) => join(ROOT, 'inventories', name, 'inventory.yml'))
  .filter((file) => existsSync(file))
const secrets = (text: string): string => text.replaceAll(/'\{\{ secrets\.\w+ \}\}'/g, 'geheim')

/** Mistakes of which one may take the ground from the other: who owns a database, how many vote, which stack is meant. */
const TOGETHER: readonly (readonly string[])[] = [
  ['postgres.roles', 'postgres.databases'],
  // What a setting may be depends on the version; the test below says what is told without one.
  ['postgres.version', 'postgres.settings'],
  ['hosts', 'guard', 'writer_vip'],
  ['stack', 'guard', 'writer_vip', 'reader_vip'],
]
const isApart = (one: Mistake, other: Mistake): boolean =>
  one.about !== other.about &&
  !`${one.about}.`.startsWith(`${other.about}.`) &&
  !`${other.about}.`.startsWith(`${one.about}.`) &&
  !TOGETHER.some((each) =>
    [one, other].every(({ about }) => each.some((start) => `${about}.`.startsWith(`${start}.`))),
  )

/** What is new in one inventory beside another. */
const news = (after: readonly string[], before: readonly string[]): readonly string[] =>
  after.filter((each) => !before.includes(each))

/** What of two mistakes is told when each is alone, and not when both are there. */
async function hidden(text: string, one: Mistake, other: Mistake): Promise<readonly string[]> {
  const clean = await said(text)
  const alone = await Promise.all([one, other].map((each) => said(broken(text, [each]))))
  return news(news(alone.flat(), clean), await said(broken(text, [one, other])))
}

const cases = shipped.map((file) => [relative(ROOT, file), secrets(readFileSync(file, 'utf8'))] as const)

const apart = (mistake: fc.Arbitrary<Mistake>) =>
  fc.tuple(mistake, mistake).filter(([one, other]) => isApart(one, other))

test.each(cases)('%s: of two mistakes neither hides the other', async (_, text) => {
  await fc.assert(
    fc.asyncProperty(apart(fc.constantFrom(...MISTAKES)), async ([one, other]) => {
      expect(await hidden(text, one, other)).toEqual([])
    }),
    { numRuns: 40 },
  )
})

/** Every key below the variable, as places to break. */
function placesOf(value: unknown, path: Path): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [
    path,
    ...Object.entries(value).flatMap(([key, inner]) =>
      placesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ]
}

const WRONG = fc.constantFrom<unknown>(
  undefined,
  null,
  'x y',
  '',
  -1,
  4.5,
  true,
  [],
  [[]],
  {},
  { q: 1 },
  '{{ nothing }}',
)

test.each(cases)('%s: of two keys broken anyhow neither hides the other', async (_, text) => {
  const doc = parseDocument(text)
  const places = placesOf(
    doc.getIn([...CLUSTER], true) instanceof Object ? doc.toJS().all.vars.cluster : {},
    [],
  ).filter((path) => path.length > 0)
  const mistake = fc.tuple(fc.constantFrom(...places), WRONG).map(([path, value]) => inCluster(path, value))
  await fc.assert(
    fc.asyncProperty(apart(mistake), async ([one, other]) => {
      expect(await hidden(text, one, other)).toEqual([])
    }),
    { numRuns: 40 },
  )
})

test('a missing key, a wrong word and a missing guard are told at once, each with its place', async () => {
  const file = join(dir, 'three.yml')
  writeFileSync(
    file,
    `all:
  vars:
    cluster: { name: pgc, stack: pacemaker, timing: fats, postgres: { settings: { wal_level: minimal } } }
  children:
    postgres: { hosts: { pg1: { ansible_host: 10.77.0.11 }, pg2: { ansible_host: 10.77.0.12 } } }
`,
  )
  const { diagnostics } = await loadInventory(file, { stacks: STACKS, secrets: { env: {} } })
  expect(diagnostics.map(({ code }) => code).toSorted()).toEqual([
    'inventory/missing-key',
    'inventory/not-in-list',
    'pacemaker/owned-setting',
    'topology/no-guard',
  ])
  expect(diagnostics.every(({ at }) => at?.line === 3)).toBe(true)
})

test('a version that cannot be read hides no setting that none would take', async () => {
  const file = join(dir, 'version.yml')
  const text = secrets(readFileSync(join(ROOT, 'inventories/pacemaker-3/inventory.yml'), 'utf8'))
  const mistakes = [
    inCluster(['postgres', 'version'], 'x'),
    inCluster(['postgres', 'settings'], { max_connections: -5, wal_keep_segments: 3 }),
  ]
  writeFileSync(file, broken(text, mistakes))
  const { diagnostics } = await loadInventory(file, { stacks: STACKS, secrets: { env: {} } })
  expect(diagnostics.map(({ code }) => code)).toEqual(['inventory/wrong-type', 'cluster/bad-setting'])
})
