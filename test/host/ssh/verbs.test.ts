import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSshd } from './sshd.ts'
import type { Sshd } from './sshd.ts'

const ROOT = resolve(import.meta.dirname, '../../..')

let sshd: Sshd
let home = ''
let inventory = ''

beforeAll(async () => {
  sshd = await startSshd()
  home = join(sshd.dir, 'home')
  mkdirSync(join(home, '.ssh'), { recursive: true })
  writeFileSync(join(home, '.ssh', 'config'), 'HashKnownHosts yes\n')
  inventory = join(sshd.dir, 'inventory.yml')
  writeFileSync(
    inventory,
    `all:
  vars: { ansible_user: root, ansible_port: ${sshd.port}, ansible_ssh_private_key_file: ${sshd.key} }
  hosts:
    one: { ansible_host: 127.0.0.1 }
    dead: { ansible_host: 127.0.0.1, ansible_port: 1 }
`,
  )
})
afterAll(() => sshd.stop())

/** Runs hactl as a user whose home is empty but for ssh_config. */
const hactl = (...args: readonly string[]) => hactlWith([], args, '')

/** The same with options of Node.js, and with what the shell does with the output. */
function hactlWith(node: readonly string[], args: readonly string[], pipe: string) {
  const words = [...node, '--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...args]
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-o', 'pipefail', '-c', `"$@" ${pipe}`, 'bash', process.execPath, ...words],
    {
      cwd: ROOT,
      encoding: 'utf8',
      timeout: 300_000,
      maxBuffer: 64_000_000,
      env: { ...process.env, HOME: home, NO_COLOR: '1' },
    },
  )
  return { status, stdout, stderr }
}
const knownHosts = (): string => join(home, '.ssh', 'known_hosts')
const forget = (): void => rmSync(knownHosts(), { force: true })

test('an unknown key is refused; trust records it hashed as ssh_config wants; then exec works', () => {
  forget()
  const before = hactl('exec', 'one', '-i', inventory, '--', 'id', '-un')
  expect(before).toMatchObject({ status: 4, stdout: '' })
  expect(before.stderr).toContain('ssh/host-key')
  expect(before.stderr).toContain('hactl trust one')

  const trusted = hactl('trust', 'one', '-i', inventory, '--yes')
  expect(trusted).toMatchObject({ status: 0 })
  expect(trusted.stdout).toMatch(/^one +\[127\.0\.0\.1\]:\d+ +ssh-ed25519 +SHA256:/)
  expect(readFileSync(knownHosts(), 'utf8')).toMatch(/^\|1\|\S+ ssh-ed25519 /)

  const after = hactl('exec', 'one', '-i', inventory, '--', 'id', '-un')
  expect(after).toEqual({ status: 0, stdout: 'one | root\n', stderr: '' })
  expect(hactl('trust', 'one', '-i', inventory).stdout).toContain('trusted already')
})

test('trust says when nothing can be recorded, and its hint helps', () => {
  forget()
  const config = join(home, '.ssh', 'config')
  writeFileSync(config, 'UserKnownHostsFile /dev/null\n')
  const nowhere = hactl('trust', 'one', '-i', inventory, '--yes')
  expect(nowhere.status).toBe(4)
  expect(nowhere.stdout).not.toContain('Recorded')
  expect(nowhere.stderr).toContain('nothing can be recorded')
  // Its hint, first half.
  writeFileSync(config, 'UserKnownHostsFile ~/.ssh/known_hosts\n')
  expect(hactl('trust', 'one', '-i', inventory, '--yes').stdout).toContain('Recorded 1 keys')
  expect(hactl('exec', 'one', '-i', inventory, '--', 'true')).toMatchObject({ status: 0 })
  // And its second.
  writeFileSync(config, 'UserKnownHostsFile /dev/null\nStrictHostKeyChecking no\n')
  expect(hactl('exec', 'one', '-i', inventory, '--', 'true')).toMatchObject({ status: 0, stderr: '' })
  expect(hactl('trust', 'one', '-i', inventory)).toMatchObject({ status: 0, stderr: '' })
  writeFileSync(config, 'HashKnownHosts yes\n')
})

test('trust does not record without a yes, and never replaces a changed key', () => {
  forget()
  expect(hactl('trust', 'one', '-i', inventory)).toMatchObject({ status: 5 })
  const line = `[127.0.0.1]:${sshd.port} ${readFileSync(`${sshd.key}.pub`, 'utf8')}`
  writeFileSync(knownHosts(), line)
  const changed = hactl('trust', 'one', '-i', inventory, '--yes')
  expect(changed.status).toBe(4)
  expect(changed.stderr).toContain('has changed')
  expect(readFileSync(knownHosts(), 'utf8')).toBe(line)
})

test('exec shows output, errors and exit codes by host, and what cannot be reached', () => {
  writeFileSync(knownHosts(), readFileSync(sshd.knownHosts))
  const shell = hactl('exec', 'one', '-i', inventory, '--', 'echo out; echo err >&2; exit 3')
  expect(shell).toMatchObject({ status: 1, stdout: 'one | out\n', stderr: 'one ! err\none ! exit code 3\n' })
  const both = hactl('exec', 'all', '-i', inventory, '--', 'true')
  expect(both.status).toBe(4)
  expect(both.stderr).toContain('refused the connection')
  const json = hactl('exec', 'one', '-i', inventory, '--format', 'json', '--as', 'nobody', '--', 'id', '-un')
  expect(JSON.parse(json.stdout)).toMatchObject([{ host: 'one', result: { code: 0, stdout: 'nobody\n' } }])
  expect(hactl('exec', 'one', '-i', inventory, '--timeout', '300ms', '--', 'sleep', '60').stderr).toContain(
    'longer than',
  )
})

test('exec prints output of any length while it comes, and does not keep it', () => {
  writeFileSync(knownHosts(), readFileSync(sshd.knownHosts))
  const script = 'i=0; while [ $i -lt 200000 ]; do echo $i; i=$((i+1)); done'
  const long = hactl('exec', 'one', '-i', inventory, '--', script)
  expect(long).toMatchObject({ status: 0, stderr: '' })
  expect(long.stdout.split('\n').length).toBe(200_001)
  expect(long.stdout).toMatch(/^one \| 0\none \| 1\n[^]*\none \| 199999\n$/)
  // Far more than a heap that is made this small could hold.
  const much = hactlWith(
    ['--max-old-space-size=100', '--max-semi-space-size=2'],
    ['exec', 'one', '-i', inventory, '--timeout', '10m', '--', 'yes "$(printf %0999d 7)" | head -n 300000'],
    '| wc -c',
  )
  expect(much).toMatchObject({ status: 0, stderr: '' })
  expect(Number(much.stdout)).toBe(300_000 * (1000 + 'one | '.length))
}, 600_000)

test('control characters of a host are shown; with --raw they are sent', () => {
  writeFileSync(knownHosts(), readFileSync(sshd.knownHosts))
  const script = String.raw`printf 'a\033[2Jb\rc\302\233d\n'; printf 'e\033]0;t\007\n' >&2`
  const shown = hactl('exec', 'one', '-i', inventory, '--', script)
  expect(shown.stdout).toBe(String.raw`one | a\x1b[2Jb\rc\x9bd` + '\n')
  expect(shown.stderr).toBe(String.raw`one ! e\x1b]0;t\x07` + '\n')
  const raw = hactl('exec', 'one', '-i', inventory, '--raw', '--', script)
  expect(raw.stdout).toBe('one | a\u001b[2Jb\rc\u009bd\n')
  const json = hactl('exec', 'one', '-i', inventory, '--format', 'json', '--', script)
  expect(json.stdout).not.toMatch(/[\u007f-\u009f]/)
  expect(JSON.parse(json.stdout)).toMatchObject([{ result: { stdout: 'a\u001b[2Jb\rc\u009bd\n' } }])
})

test('a command that stops the runner is over with its time', () => {
  writeFileSync(knownHosts(), readFileSync(sshd.knownHosts))
  const script =
    'kill -STOP $HACTL_SESSION_PID; echo $HACTL_SESSION_PID >' + `${sshd.dir}/stopped; sleep 1000`
  const stopped = hactl('exec', 'one', '-i', inventory, '--timeout', '2s', '--', script)
  process.kill(-Number(readFileSync(join(sshd.dir, 'stopped'), 'utf8')), 'SIGCONT')
  expect(stopped.status).toBe(4)
  expect(stopped.stderr).toContain('ssh/lost')
})

test('ssh runs the system client with the same settings and gives its exit code', () => {
  writeFileSync(join(home, '.ssh', 'config'), `UserKnownHostsFile ${sshd.knownHosts}\n`)
  const result = hactl('ssh', 'one', '-i', inventory, '--', 'id -un; exit 7')
  expect(result).toMatchObject({ status: 7, stdout: 'root\n' })
  const unknown = hactl('ssh', 'onr', '-i', inventory)
  expect(unknown.status).toBe(2)
  expect(unknown.stderr).toContain('did you mean "one"?')
})
