import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { toCommand } from '../../../src/engine/execute.ts'
import { pack } from '../../../src/engine/pack.ts'
import { createProber } from '../../../src/engine/prober.ts'
import type { PutStep } from '../../../src/engine/step.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { REGISTRY } from '../../../src/modules/index.ts'
import { connectLocal } from '../../../src/transport/local.ts'
import type { Transport } from '../../../src/transport/transport.ts'
import { look } from '../../modules/case.ts'
import type { Outcome } from '../../modules/case.ts'

let host: Transport
let dir: string

beforeAll(async () => {
  const spec = { host: 'here', kind: 'local', address: '', become: false, becomeUser: 'root' } as const
  host = await connectLocal({ ...spec, connectTimeoutMs: 5000 }, {})
})
afterAll(async () => {
  await host.close()
})
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hactl-modules-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

const entryOf = (module: string) => {
  const entry = REGISTRY.modules.get(module)
  if (!entry) throw new Error(`no module ${module}`)
  return entry
}

const reading = (module: string, args: Record<string, unknown>): Promise<Outcome> =>
  look(entryOf(module), args, createProber(host).probe)

/** Reads, takes the steps for real, and reads again. */
async function apply(module: string, args: Record<string, unknown>): Promise<Outcome> {
  const before = await reading(module, args)
  const steps = before.steps ?? []
  const uploads = steps.flatMap((step) => (step.kind === 'upload' ? [step] : []))
  const commands = steps.flatMap((step) => (step.kind === 'upload' ? [] : [toCommand(step, undefined)]))
  const results = [
    ...(await Promise.all(uploads.map((step) => host.upload(step)))),
    ...(await host.batch(commands, { failFast: true })),
  ]
  const failed = results.find(({ code }) => code !== 0)
  if (failed) throw new Error(`exit code ${failed.code}: ${failed.stderr}`)
  return before
}

/** Applied once something changes, applied again nothing does. */
async function converges(module: string, args: Record<string, unknown>): Promise<readonly string[]> {
  const { changes, refuses, not_yet } = await apply(module, args)
  expect({ refuses, not_yet }).toEqual({ refuses: undefined, not_yet: undefined })
  expect(await reading(module, args)).toEqual({ changes: [], steps: [] })
  return (changes ?? []).map(({ field }) => field)
}

/** Names that break careless quoting. */
const ODD = ['-rf', 'two\nlines', `it's "quoted"`, 'a\\b', 'a -> b', ' blank ', '$(id)', '*', 'ä€😀']

describe('files', () => {
  test.each(ODD)('template writes, leaves and mends a file called %j', async (name) => {
    const path = join(dir, name)
    expect(await converges('template', { path, content: 'a\n', mode: '0640' })).toEqual(['content', 'mode'])
    expect(readFileSync(path, 'utf8')).toBe('a\n')
    expect(await converges('template', { path, content: 'b\n' })).toEqual(['content'])
    expect(lstatSync(path).mode & 0o7777).toBe(0o640)
    chmodSync(path, 0o666)
    expect(await converges('template', { path, content: 'b\n', mode: '0600' })).toEqual(['mode'])
  })

  test.each(ODD)('file, directory and symlink work on the name %j', async (name) => {
    const path = join(dir, name)
    expect(await converges('directory', { path, mode: '0700' })).toEqual(['type', 'mode'])
    expect(await converges('file', { path, mode: '0750' })).toEqual(['mode'])
    expect(await converges('file', { path, state: 'absent' })).toEqual(['state'])
    expect(await converges('symlink', { path, target: name })).toEqual(['type', 'target'])
    expect(readlinkSync(path)).toBe(name)
    expect(await converges('file', { path, state: 'absent' })).toEqual(['state'])
  })

  test('every text comes back as it went in', async () => {
    const path = join(dir, 'a')
    for (const content of ['', '\n', 'no end', 'ä€😀\n', '\'"\\$(id)`\n', 'x'.repeat(300_000)]) {
      writeFileSync(path, 'before')
      await converges('copy', { path, content })
      expect(readFileSync(path, 'utf8')).toBe(content)
    }
  })

  describe('several files at once', () => {
    const put = (name: string, content: string, more: Partial<PutStep> = {}): PutStep => ({
      kind: 'put',
      path: join(dir, name),
      content,
      mode: '0640',
      owner: 'daemon',
      group: 'adm',
      expect: 'absent',
      ...more,
    })
    const send = async (steps: readonly PutStep[]) => {
      const parcels = pack(steps.map((step) => ({ step, as: undefined, timeoutMs: 5000 })))
      expect(parcels).toHaveLength(1)
      const [result] = await host.batch(parcels.map(({ command }) => command))
      return result
    }
    const sum = (text: string): string => createHash('sha256').update(text).digest('hex')
    const texts = ['', '\n', '-n no end', 'ä€😀\n', '\'"\\\\ %s $(id)`\n', 'x'.repeat(100_000)]

    test('all get their text, owner and mode; what was there is replaced', async () => {
      writeFileSync(join(dir, 'f1'), 'before')
      const steps = texts.map((text, i) => put(`f${i}`, text, i === 1 ? { expect: sum('before') } : {}))
      expect(await send(steps)).toMatchObject({ code: 0, stderr: '' })
      expect(readdirSync(dir).toSorted()).toEqual(texts.map((_, i) => `f${i}`))
      for (const [i, text] of texts.entries()) {
        expect(readFileSync(join(dir, `f${i}`), 'utf8')).toBe(text)
        const { mode, uid, gid } = lstatSync(join(dir, `f${i}`))
        expect([mode & 0o7777, uid, gid]).toEqual([0o640, 1, 4])
      }
    })

    test.each([
      ['one was made meanwhile', 'f2', {}],
      ['one was changed meanwhile', 'f2', { expect: sum('before') }],
      ['one belongs to nobody', '', { owner: 'no-such-user' }],
    ])('none is written when %s', async (_why, name, more) => {
      if (name) writeFileSync(join(dir, name), 'somebody else')
      const steps = texts.map((text, i) =>
        put(`f${i}`, text, { ...(i === 2 && more), ...('owner' in more && more) }),
      )
      expect((await send(steps))?.code).not.toBe(0)
      const left = readdirSync(dir).map((each) => [each, readFileSync(join(dir, each), 'utf8')])
      expect(left).toEqual(name ? [[name, 'somebody else']] : [])
    })

    test('what is already as wanted is no change by somebody else', async () => {
      writeFileSync(join(dir, 'a'), 'new')
      const [result] = await host.batch([toCommand(put('a', 'new'), undefined)])
      expect(result).toMatchObject({ code: 0, stderr: '' })
    })
  })

  test('a secret ends in a file that only its owner reads', async () => {
    const path = join(dir, '.pgpass')
    writeFileSync(path, 'old', { mode: 0o644 })
    expect(await converges('copy', { path, content: new Secret('geheim\n') })).toEqual(['content', 'mode'])
    expect(readFileSync(path, 'utf8')).toBe('geheim\n')
    expect(lstatSync(path).mode & 0o777).toBe(0o600)
  })

  test('a failing validation leaves the old file', async () => {
    const path = join(dir, 'a')
    writeFileSync(path, 'old\n')
    const args = { path, content: 'bad\n', validate: ['grep', '-q', 'good', '%s'] }
    await expect(apply('copy', args)).rejects.toThrow('exit code')
    expect(readFileSync(path, 'utf8')).toBe('old\n')
    await converges('copy', { ...args, content: 'good\n' })
  })

  test('a symlink is not written through, a tree is not removed', async () => {
    mkdirSync(join(dir, 'tree'))
    writeFileSync(join(dir, 'tree/keep'), '')
    symlinkSync('tree/keep', join(dir, 'link'))
    expect(await apply('copy', { path: join(dir, 'link'), content: 'x' })).toMatchObject({
      refuses: 'file/wrong-type',
    })
    expect(await reading('file', { path: join(dir, 'tree'), state: 'absent' })).toMatchObject({
      refuses: 'file/not-empty',
    })
    expect(readFileSync(join(dir, 'tree/keep'), 'utf8')).toBe('')
  })

  test('a pipe in the way does not block the reading', async () => {
    const path = join(dir, 'pipe')
    execFileSync('mkfifo', [path])
    expect(await reading('copy', { path, content: 'x' })).toMatchObject({ refuses: 'file/wrong-type' })
  })

  test('owner and group are set by name and by number', async () => {
    const path = join(dir, 'a')
    writeFileSync(path, '')
    expect(await converges('file', { path, owner: 'daemon', group: 'adm' })).toEqual(['owner', 'group'])
    expect(await converges('file', { path, owner: '0', group: '0' })).toEqual(['owner', 'group'])
  })
})

describe('parts of files', () => {
  test('lines, blocks and hosts entries live in one file and leave the rest', async () => {
    const path = join(dir, 'hosts')
    writeFileSync(path, '127.0.0.1 localhost\n# mine\n10.0.0.9 other # note')
    await converges('hosts_entry', { path, address: '10.0.0.1', names: ['pg1.example.com', 'pg1'] })
    await converges('line_in_file', { path, line: '10.0.0.2 pg2', match: ' pg2$' })
    await converges('block_in_file', { path, name: 'x', block: '10.0.0.3 pg3\n10.0.0.4 pg4' })
    await converges('block_in_file', { path, name: 'x', block: '10.0.0.3 pg3' })
    await converges('hosts_entry', { path, address: '10.0.0.5', names: ['pg1'] })
    expect(readFileSync(path, 'utf8')).toBe(
      '127.0.0.1 localhost\n# mine\n10.0.0.9 other # note\n10.0.0.1 pg1.example.com\n10.0.0.2 pg2\n' +
        '# BEGIN hactl x\n10.0.0.3 pg3\n# END hactl x\n10.0.0.5 pg1\n',
    )
    await converges('block_in_file', { path, name: 'x', block: '', state: 'absent' })
    await converges('line_in_file', { path, line: '10.0.0.2 pg2', state: 'absent' })
    expect(readFileSync(path, 'utf8')).not.toContain('hactl')
  })

  test('a file that is no text is streamed, and compared by its hash', async () => {
    const path = join(dir, 'a')
    const src = join(dir, 'program')
    writeFileSync(src, Buffer.alloc(5_000_000, Uint8Array.of(0xff, 0, 0xfe)))
    expect(await converges('copy', { path, src, mode: '0755' })).toEqual(['sha256', 'mode'])
    expect(readFileSync(path).equals(readFileSync(src))).toBe(true)
    expect(await converges('copy', { path, src, mode: '0700' })).toEqual(['mode'])
    writeFileSync(src, Uint8Array.of(0xff))
    expect(await converges('copy', { path, src })).toEqual(['sha256'])
    expect(lstatSync(path).mode & 0o777).toBe(0o700)
    expect(readdirSync(dir).toSorted()).toEqual(['a', 'program'])
    writeFileSync(src, Uint8Array.of(0xfe))
    const refused = await reading('copy', { path, src, validate: ['true'] })
    expect(refused.refuses).toBe('file/not-validated')
  })

  test('a file that changed meanwhile is not overwritten', async () => {
    const path = join(dir, 'a')
    writeFileSync(path, 'a\n')
    const { steps } = await reading('line_in_file', { path, line: 'b' })
    writeFileSync(path, 'changed\n')
    const commands = (steps ?? []).flatMap((step) =>
      step.kind === 'upload' ? [] : [toCommand(step, undefined)],
    )
    const [result] = await host.batch(commands, {})
    expect(result?.code).toBe(75)
    expect(readFileSync(path, 'utf8')).toBe('changed\n')
  })
})

describe('commands', () => {
  test('a guarded command runs once', async () => {
    const made = join(dir, 'made')
    expect(await converges('command', { run: 'echo x >>made', creates: made, chdir: dir })).toEqual(['done'])
    expect(await converges('command', { run: 'echo x >>made', unless: 'test -s made', chdir: dir })).toEqual(
      [],
    )
    expect(readFileSync(made, 'utf8')).toBe('x\n')
  })

  test('waiting for a file is over when it is there', async () => {
    const file = join(dir, 'f')
    expect(await reading('wait_for', { file })).toMatchObject({ done: false })
    writeFileSync(file, '')
    expect(await reading('wait_for', { file })).toMatchObject({ done: true })
  })
})

describe.runIf(userInfo().uid === 0)('accounts (as root)', () => {
  const name = `hactl${process.pid}`
  afterEach(() => {
    for (const command of ['userdel', 'groupdel']) {
      try {
        execFileSync(command, [name], { stdio: 'ignore' })
      } catch {
        // Gone already, as it should be.
      }
    }
  })

  test('a user and a group are made, changed and removed', async () => {
    expect(await converges('group', { name, system: true })).toEqual(['state'])
    const user = { name, group: name, create_home: false, shell: '/bin/sh' }
    expect(await converges('user', user)).toContain('state')
    expect(await converges('user', { ...user, groups: ['adm'], comment: 'A test' })).toEqual([
      'comment',
      'groups',
    ])
    expect(await converges('user', { ...user, password: new Secret('geheim ä:1') })).toEqual(['password'])
    expect(await converges('user', { ...user, password: new Secret('anders') })).toEqual(['password'])
    expect(await converges('user', { name, state: 'absent' })).toEqual(['state'])
    expect(await converges('group', { name, state: 'absent' })).toEqual([])
  })
})
