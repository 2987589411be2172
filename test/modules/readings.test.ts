import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createProber } from '../../src/engine/prober.ts'
import { anyTouches } from '../../src/engine/resource.ts'
import { REGISTRY } from '../../src/modules/index.ts'
import { registryFor } from '../../src/modules/lazy.ts'
import { fileTouches } from '../../src/modules/lib/files.ts'
import { sha512crypt } from '../../src/modules/lib/sha512crypt.ts'
import { parseOsRelease } from '../../src/modules/readings/os.ts'
import { sha256 } from '../../src/modules/readings/sha256.ts'
import { stat } from '../../src/modules/readings/stat.ts'
import { text } from '../../src/modules/readings/text.ts'
import { unitName, units } from '../../src/modules/readings/units.ts'
import type { Reading } from '../../src/engine/probe.ts'
import { fakeTransport } from '../../src/transport/fake.ts'
import { look } from './case.ts'

/** The lines of os-release(5) that count, as the systems write them. */
const DEBIAN_12 = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
`
const ROCKY_9 = `NAME="Rocky Linux"
VERSION="9.3 (Blue Onyx)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.3"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Rocky Linux 9.3 (Blue Onyx)"
`

test('os-release tells the family, whose package names and file places count', () => {
  expect(parseOsRelease(DEBIAN_12)).toEqual({
    id: 'debian',
    family: 'debian',
    version: '12',
    major: 12,
    codename: 'bookworm',
  })
  expect(parseOsRelease(ROCKY_9)).toEqual({
    id: 'rocky',
    family: 'rhel',
    version: '9.3',
    major: 9,
    codename: '',
  })
  expect(parseOsRelease('ID=void\n')).toMatchObject({ family: 'void', version: '', major: 0 })
})

test.each([
  // Checked with openssl passwd -6; the second is also an example of the specification.
  [
    'Hello world!',
    '$6$saltstring',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
  [
    'Hello world!',
    '$6$rounds=10000$saltstringsaltstring',
    '$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
  ],
])('the hash of %j with %s is that of the specification', (password, setting, hash) => {
  expect(sha512crypt(password, setting)).toBe(hash)
})

test('another scheme cannot be compared', () => {
  expect(sha512crypt('x', '$y$j9T$salt')).toBeUndefined()
  expect(sha512crypt('x', '!')).toBeUndefined()
})

const run = <T>(reading: Reading<T>, keys: readonly string[]): ReadonlyMap<string, T> => {
  const { argv, env } = reading.command(keys)
  const [file = '', ...args] = argv
  const done = spawnSync(file, args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', ...env } })
  return reading.parse({ code: done.status ?? 1, stdout: done.stdout, stderr: done.stderr }, keys)
}

test('files with any name are told apart from each other and from missing ones', () => {
  const dir = mkdtempSync(join(tmpdir(), 'hactl-names-'))
  const name = fc
    .string({
      unit: fc.constantFrom('a', '-', '\n', "'", '"', '\\', ' ', '$', '*', '\r', '\t', ';', 'ä', '>'),
    })
    .filter((each) => each !== '')
  try {
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 6 }), (names) => {
        const paths = names.map((each) => join(dir, `x${each}`))
        const [missing = '', ...present] = paths
        for (const path of present) writeFileSync(path, path)
        const [stats, sums, texts] = [run(stat, paths), run(sha256, paths), run(text, paths)]
        for (const path of present) {
          expect(stats.get(path)).toMatchObject({ type: 'file', size: Buffer.byteLength(path) })
          expect(sums.get(path)).toMatch(/^[0-9a-f]{64}$/)
          expect(texts.get(path)).toEqual({ kind: 'text', text: path })
        }
        expect(stats.get(missing)?.type).toBe('absent')
        expect(sums.get(missing)).toBeUndefined()
        expect(texts.get(missing)).toEqual({ kind: 'absent' })
        for (const path of present) rmSync(path)
      }),
      { numRuns: 20 },
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('a path that must not be looked at is an error, not an absent file', () => {
  // Captured from coreutils 9.1 as an account without rights.
  const stderr = "stat: cannot statx '/root/x': Permission denied\n"
  expect(() => stat.parse({ code: 1, stdout: '', stderr }, ['/root/x'])).toThrow('Permission denied')
})

test('a host without systemd is named as one', () => {
  // Captured from systemd 252 in a container that systemd did not boot.
  const stderr =
    "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\n"
  expect(() => units.parse({ code: 1, stdout: '', stderr }, ['cron'])).toThrow('systemctl does not answer')
  expect(unitName('postgresql@15-main')).toBe('postgresql@15-main.service')
  expect(unitName('fstrim.timer')).toBe('fstrim.timer')
})

test('a new unit file makes what is known of units stale, another file does not', () => {
  expect(anyTouches(fileTouches('/etc/systemd/system/x.service.d/y.conf'), ['unit:x.service'])).toBe(true)
  expect(anyTouches(fileTouches('/etc/hosts'), ['unit:x.service'])).toBe(false)
  expect(anyTouches(fileTouches('/etc/apt/sources.list.d/x.list'), ['package:x'])).toBe(true)
})

test('many tasks are read with one command of each kind in one round trip', async () => {
  const transport = fakeTransport({
    respond: ({ argv, env, stdin }) => {
      const [file = '', ...args] = argv
      const input = stdin === undefined ? '' : String(stdin)
      if (file === 'systemctl') return { code: 0, stdout: 'LoadState=loaded\nActiveState=active\n' }
      return { stdout: execQuiet(file, args, { ...process.env, ...env }, input) }
    },
  })
  const { probe } = createProber(transport)
  const tasks = [
    ...['a', 'b', 'c'].map((each) => ['template', { path: `/nowhere/${each}`, content: 'x' }] as const),
    ...['d', 'e'].map((each) => ['directory', { path: `/nowhere/${each}` }] as const),
    ...['root', 'daemon'].map((each) => ['user', { name: each }] as const),
    ['group', { name: 'adm' }] as const,
    ['hosts_entry', { address: '10.0.0.1', names: ['x'] }] as const,
    ['sysctl', { settings: { 'kernel.ostype': 'Linux', 'kernel.pid_max': 1 } }] as const,
    ['service', { name: 'cron', state: 'started' }] as const,
  ]
  await Promise.all(tasks.map(([name, args]) => look(REGISTRY.modules.get(name)!, args, probe)))
  expect(transport.batches).toHaveLength(1)
  const kinds = transport.batches[0]?.map(({ argv }) => `${argv[0]} ${argv[0] === 'sh' ? argv[3] : argv[1]}`)
  expect(kinds?.toSorted()).toEqual([
    'getent group',
    'getent passwd',
    'sh memberships',
    'sh sha256',
    'sh sysctl',
    'sh text',
    'stat --printf',
    'systemctl show',
  ])
})

const execQuiet = (file: string, args: readonly string[], env: NodeJS.ProcessEnv, input: string): string => {
  try {
    return execFileSync(file, [...args], { env, input, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? ''
  }
}

test.each([...REGISTRY.modules.keys()])('a playbook that names %s gets it without the rest', async (name) => {
  const dir = mkdtempSync(join(tmpdir(), 'hactl-lazy-'))
  try {
    writeFileSync(join(dir, 'a.yml'), 'plays:\n  - import: b.yml\n')
    writeFileSync(join(dir, 'b.yml'), `plays: [{ tasks: [{ ${name}: {} }] }]`)
    const registry = await registryFor(join(dir, 'a.yml'))
    expect(registry.modules.get(name)).toBe(REGISTRY.modules.get(name))
    expect(registry.modules.size).toBeLessThan(REGISTRY.modules.size / 2)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
