import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { STACKS } from '../../src/stacks/index.ts'
import { build, hactl, MAIN, removeBuild, start } from './spawn.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const root = mkdtempSync(join(tmpdir(), 'hactl-verbs-'))
const stack = STACKS[0]?.name ?? ''
const HOSTS = ['--host', 'pg1=10.0.0.11', '--host', 'pg2=10.0.0.12', '--host', 'pg3=10.0.0.13']
const VIP = ['--writer-vip', '10.0.0.20/24']

beforeAll(() => {
  build()
  const home = resolve(MAIN, '../../..')
  for (const name of ['schemas', 'playbooks', 'templates']) symlinkSync(join(ROOT, name), join(home, name))
}, 60_000)
afterAll(() => {
  removeBuild()
  rmSync(root, { recursive: true })
})

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)
const init = (name: string, ...more: readonly string[]) =>
  hactl('init', stack, join(root, name), ...HOSTS, ...VIP, ...more)

test('init writes a sound inventory, a key and secrets that only the owner can read', async () => {
  const { code, stdout } = await init('new', '--yes')
  expect(code).toBe(0)
  const dir = join(root, 'new')
  expect(stdout).toContain(`wrote ${dir}/inventory.yml`)
  expect([
    mode(join(dir, '.hactl')),
    mode(join(dir, '.hactl/age.key')),
    mode(join(dir, 'secrets.age.yml')),
  ]).toEqual(['700', '600', '600'])
  expect(readFileSync(join(dir, '.gitignore'), 'utf8')).toBe('.hactl/\n')
  const validated = await hactl('validate', dir)
  expect(validated).toMatchObject({ code: 0, stderr: '' })
  expect(validated.stdout).toContain('No problems. Nothing was contacted.')
})

test('init overwrites nothing and says what is in the way', async () => {
  await init('twice')
  const before = readFileSync(join(root, 'twice/secrets.age.yml'), 'utf8')
  const { code, stderr } = await init('twice')
  expect(code).toBe(2)
  expect(stderr).toContain('inventory.yml exists already')
  expect(stderr).toContain('secrets.age.yml exists already')
  expect(readFileSync(join(root, 'twice/secrets.age.yml'), 'utf8')).toBe(before)
})

test('init keeps a .gitignore and adds its line once', async () => {
  const dir = mkdtempSync(join(root, 'git-'))
  writeFileSync(join(dir, '.gitignore'), '*.bak')
  await hactl('init', stack, dir, ...HOSTS, ...VIP)
  expect(readFileSync(join(dir, '.gitignore'), 'utf8')).toBe('*.bak\n.hactl/\n')
})

test.each([
  [['nostack'], 'there is no stack "nostack"'],
  [[stack, join(root, 'no')], '--host NAME=ADDRESS and --writer-vip'],
  [[stack, join(root, 'no'), '--host', 'pg1', ...VIP], 'is not NAME=ADDRESS'],
  [
    [stack, join(root, 'no'), '--host', 'pg1=10.0.0.1', '--host', 'pg1=10.0.0.2', ...VIP],
    'names a host twice',
  ],
  [[stack, join(root, 'no'), ...HOSTS, '--writer-vip', '10.0.0.20'], 'no address with a prefix'],
  [[stack, join(root, 'no'), '--host', 'a b;=10.0.0.1', ...VIP], 'allowed: letters, digits'],
  [[stack, join(root, 'no'), ...HOSTS, ...VIP, '--cluster', 'a b'], 'allowed: a letter, then letters'],
])('init %j is refused and writes nothing', async (args, message) => {
  const { code, stderr } = await hactl('init', ...args)
  expect(code).toBe(2)
  expect(stderr).toContain(message)
  expect(existsSync(join(root, 'no'))).toBe(false)
})

test('validate shows everything at once with exit 2, as text and as JSON', async () => {
  const file = join(mkdtempSync(join(root, 'bad-')), 'inventory.yml')
  writeFileSync(file, 'all:\n  hosst:\n  hosts: { a: { ansible_port: x } }\n')
  const text = await hactl('validate', file)
  expect(text.code).toBe(2)
  expect(text.stderr).toContain(`${file}:2:3 error inventory/unknown-key`)
  expect(text.stderr).toMatch(/\n1 error, 1 warning\. Nothing was contacted\.\n$/)
  const json = await hactl('validate', file, '--format', 'json')
  expect(json.code).toBe(2)
  expect(JSON.parse(json.stdout)).toMatchObject({
    diagnostics: [{ code: 'inventory/unknown-key' }, { at: { line: 3 } }],
  })
})

test('inventory prints merged variables with every secret masked', async () => {
  await init('vars')
  const dir = join(root, 'vars')
  const host = await hactl('inventory', dir, '--host', 'pg2')
  expect(host.stdout).toContain('ansible_host: 10.0.0.12')
  expect(host.stdout).toContain('password: ••••')
  const all = await hactl('inventory', dir, '--format', 'json', '--limit', 'pg*:!pg1')
  const data = JSON.parse(all.stdout) as { hosts: object; clusters: { hosts: string[] }[] }
  expect(Object.keys(data.hosts)).toEqual(['pg2', 'pg3'])
  expect(data.clusters[0]?.hosts).toEqual(['pg1', 'pg2', 'pg3'])
  const revealed = await hactl('secrets', 'show', '--reveal', '-i', dir)
  const values = revealed.stdout
    .trim()
    .split('\n')
    .map((line) => line.split(': ')[1] ?? '')
  expect(values.length).toBeGreaterThan(0)
  for (const value of values) expect(host.stdout + all.stdout).not.toContain(value)
  expect((await hactl('inventory', dir, '--host', 'pg9')).stderr).toContain('no host or group called "pg9"')
})

test('secrets show masks, edit saves, rotate renews and says where a value is used', async () => {
  await init('secrets')
  const dir = join(root, 'secrets')
  expect((await hactl('secrets', 'show', '-i', dir)).stdout).toMatch(/^(\w+: ••••\n)+$/)
  const before = (await hactl('secrets', 'show', 'app_password', '--reveal', '-i', dir)).stdout
  const edited = join(root, 'edited.sh')
  writeFileSync(
    edited,
    '#!/bin/sh\nstat -c "%a" "$1" >&2\ndirname "$1" >&2\necho "added: value-of-mine" >> "$1"\n',
    { mode: 0o755 },
  )
  const edit = await start(MAIN, ['secrets', 'edit', '-i', dir], { env: { EDITOR: edited, VISUAL: '' } })
    .ended
  const [fileMode, folder = ''] = edit.stderr.split('\n')
  expect({ code: edit.code, fileMode, left: existsSync(folder) }).toEqual({
    code: 0,
    fileMode: '600',
    left: false,
  })
  expect((await hactl('secrets', 'show', 'added', '--reveal', '-i', dir)).stdout).toBe('value-of-mine\n')
  const rotated = await hactl('secrets', 'rotate', 'app_password', '-i', dir)
  expect(rotated.stdout).toMatch(/app_password: new value\n {4}.*inventory\.yml:\d+/)
  const after = (await hactl('secrets', 'show', 'app_password', '--reveal', '-i', dir)).stdout
  expect(after).toMatch(/^[A-Za-z0-9]{32}\n$/)
  expect(after).not.toBe(before)
  expect(rotated.stdout).not.toContain(after.trim())
  expect((await hactl('secrets', 'show', 'app_pasword', '-i', dir)).stderr).toContain(
    'did you mean "app_password"?',
  )
  expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

test('an edit that is ended by a signal leaves nothing in clear text; one that was killed is cleared by the next', async () => {
  await init('killed')
  const dir = join(root, 'killed')
  const editor = join(root, 'slow.sh')
  writeFileSync(editor, '#!/bin/sh\necho "file $1 pid $$ end" >&2\nexec sleep 100\n', { mode: 0o755 })
  const begin = async () => {
    const edit = start(MAIN, ['secrets', 'edit', '-i', dir], { env: { EDITOR: editor, VISUAL: '' } })
    let said = ''
    edit.child.stderr?.on('data', (data: Buffer) => (said += String(data)))
    await edit.says(' end')
    const [, file = '', pid] = /file (\S+) pid (\d+) end/.exec(said) ?? []
    return { ...edit, file, editor: Number(pid) }
  }
  for (const signal of ['SIGHUP', 'SIGTERM', 'SIGQUIT', 'SIGUSR2'] as const) {
    const { child, ended, file } = await begin()
    expect(existsSync(file)).toBe(true)
    child.kill(signal)
    await ended
    expect({ signal, left: existsSync(dirname(file)) }).toEqual({ signal, left: false })
  }
  const killed = await begin()
  killed.child.kill('SIGKILL')
  await once(killed.child, 'exit')
  process.kill(killed.editor)
  expect(existsSync(killed.file)).toBe(true)
  const other = await begin()
  expect(existsSync(killed.file)).toBe(false)
  expect(existsSync(other.file)).toBe(true)
  const next = await hactl('secrets', 'show', '-i', dir)
  expect(next).toMatchObject({ code: 0, stderr: '' })
  expect(existsSync(other.file)).toBe(true)
  other.child.kill('SIGTERM')
  await other.ended
}, 400_000)

test('an editor that fails, or writes what is no YAML, changes nothing', async () => {
  await init('editor')
  const dir = join(root, 'editor')
  const before = readFileSync(join(dir, 'secrets.age.yml'), 'utf8')
  const failing = await start(MAIN, ['secrets', 'edit', '-i', dir], { env: { EDITOR: 'false', VISUAL: '' } })
    .ended
  expect(failing.code).toBe(1)
  const broken = join(root, 'broken.sh')
  writeFileSync(broken, '#!/bin/sh\necho "a: [hunter2hunter2" > "$1"\n', { mode: 0o755 })
  const invalid = await start(MAIN, ['secrets', 'edit', '-i', dir], { env: { EDITOR: broken, VISUAL: '' } })
    .ended
  expect(invalid.code).toBe(2)
  expect(invalid.stderr).toContain('yaml/unclosed')
  expect(invalid.stdout + invalid.stderr).not.toContain('hunter2')
  expect(readFileSync(join(dir, 'secrets.age.yml'), 'utf8')).toBe(before)
})

test('secrets generate makes what is missing, and the key; a second time nothing', async () => {
  await init('generate')
  const dir = join(root, 'generate')
  const names = (await hactl('secrets', 'show', '-i', dir)).stdout
  for (const path of ['.hactl', 'secrets.age.yml']) rmSync(join(dir, path), { recursive: true })
  expect((await hactl('validate', dir)).stderr).toContain('make the secrets with `hactl secrets generate`')
  const file = join(dir, 'inventory.yml')
  const made = await hactl('secrets', 'generate', file)
  expect(made).toMatchObject({ code: 0, stderr: '' })
  expect([mode(join(dir, '.hactl/age.key')), mode(join(dir, 'secrets.age.yml'))]).toEqual(['600', '600'])
  expect((await hactl('secrets', 'show', '-i', dir)).stdout).toBe(names)
  expect((await hactl('validate', dir)).code).toBe(0)
  const before = readFileSync(join(dir, 'secrets.age.yml'), 'utf8')
  expect((await hactl('secrets', 'generate', '-i', dir)).stdout).toBe('No secret is missing.\n')
  expect(readFileSync(join(dir, 'secrets.age.yml'), 'utf8')).toBe(before)
  writeFileSync(file, readFileSync(file, 'utf8').replace('secrets.app_password', 'secrets.app_pw'))
  expect((await hactl('secrets', 'generate', dir)).stdout).toBe(
    `wrote ${dir}/secrets.age.yml\n  app_pw: new value\n`,
  )
})

test('keygen makes one key and never a second', async () => {
  const dir = mkdtempSync(join(root, 'key-'))
  const first = await hactl('secrets', 'keygen', '-i', dir)
  expect(first.stdout).toContain('public key: age1')
  expect((await hactl('secrets', 'keygen', '-i', dir)).code).toBe(2)
})

test('schema lists the published schemas and prints one', async () => {
  const names = (await hactl('schema')).stdout.trim().split('\n')
  expect(names).toEqual(expect.arrayContaining(['inventory', 'playbook', 'status', stack]))
  expect(JSON.parse((await hactl('schema', 'inventory')).stdout)).toHaveProperty('definitions.cluster')
  expect((await hactl('schema', 'inventori')).stderr).toContain('did you mean "inventory"?')
})

const PLAYBOOK = `name: Two tasks
plays:
  - name: Files
    hosts: all
    tasks:
      - { name: First, tags: [one], file: { path: /tmp/a, state: absent } }
      - { name: Second, tags: [two], file: { path: /tmp/b, state: absent } }
`

function folder(playbook = PLAYBOOK): { readonly inventory: string; readonly playbook: string } {
  const dir = mkdtempSync(join(root, 'play-'))
  writeFileSync(join(dir, 'inventory.yml'), 'all:\n  hosts: { h1: { ansible_host: 192.0.2.1 } }\n')
  writeFileSync(join(dir, 'site.yml'), playbook)
  return { inventory: join(dir, 'inventory.yml'), playbook: join(dir, 'site.yml') }
}

test.each(['plan', 'apply'])(
  '%s --list-tasks and --list-tags contact nobody and know what is skipped',
  async (verb) => {
    const { inventory, playbook } = folder()
    const list = (...more: readonly string[]) => hactl(verb, inventory, '--playbook', playbook, ...more)
    const all = await list('--list-tasks')
    expect(all).toMatchObject({ code: 0, stderr: '' })
    expect(all.stdout).toContain(
      'play: Files  (hosts: all)\n    First  TAGS: [one]\n    Second  TAGS: [two]\n',
    )
    const some = await list('--list-tasks', '--skip-tags', 'two')
    expect(some.stdout).toContain('First')
    expect(some.stdout).not.toContain('Second')
    expect((await list('--list-tags')).stdout).toContain('TAGS: [one, two]')
    expect(await list('--list-tasks', '--skip-tags', 'tow')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "two"?') as unknown,
    })
  },
)

test('validate checks playbooks beside the inventory, or alone', async () => {
  const good = folder()
  const both = await hactl('validate', good.inventory, good.playbook)
  expect(both).toMatchObject({ code: 0, stderr: '' })
  expect(both.stdout).toContain(`playbook ${good.playbook}\n`)
  expect(await hactl('validate', good.playbook)).toMatchObject({ code: 0, stderr: '' })
  const bad = folder(PLAYBOOK.replace('state: absent', 'sate: absent'))
  for (const files of [[bad.playbook], [bad.inventory, bad.playbook]]) {
    const { code, stderr } = await hactl('validate', ...files)
    expect(code).toBe(2)
    expect(stderr).toContain(`${bad.playbook}:6:`)
  }
  const list = folder('- hosts: all\n  tasks: []\n')
  expect(await hactl('validate', list.playbook)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('plays') as unknown,
  })
})

test('apply of an inventory without a cluster says what is missing', async () => {
  const { code, stderr } = await hactl('apply', folder().inventory)
  expect(code).toBe(2)
  expect(stderr).toContain('has no "cluster" variable')
  expect(stderr).toContain('--playbook FILE')
  expect(stderr).not.toContain('did you mean')
})
