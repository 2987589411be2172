import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { poll } from '../../../src/lib/poll.ts'
import { derive } from '../../../src/stacks/patroni/derive.ts'
import { createTemplates } from '../../../src/template/template.ts'
import { clusterOf, host } from '../../stacks/patroni/cluster.ts'

/**
 * The script itself with fakes for the programs below it. `ip` keeps the address in the file `on`, `curl` says what
 * the file `rest` holds ("200 primary", "503 replica", "silent"), `vip-manager` runs until it is killed.
 */
const FAKES = {
  ip: `
    shift; [ "$1" != -o ] || shift
    case $2 in
      show) [ ! -e "$STATE/on" ] || cat "$STATE/on" ;;
      change) echo "$*" >>"$STATE/calls" ;;
      del) echo "$*" >>"$STATE/calls"; rm -f "$STATE/on" ;;
    esac`,
  curl: `
    read -r code role <"$STATE/rest"
    echo >>"$STATE/asks"
    [ "$code" != silent ] || exit 28
    printf '{"state": "running", "role": "%s", "timeline": 3} %s' "$role" "$code"`,
  ss: `echo "ss $*" >>"$STATE/calls"`,
  'vip-manager': `echo "$$" >>"$STATE/started"; exec sleep 60`,
}

let dir = ''
const running: ChildProcess[] = []

const state = (name: string): string => join(dir, name)
const set = (name: string, text = ''): void => writeFileSync(state(name), `${text}\n`)
const textOf = (name: string): string => (existsSync(state(name)) ? readFileSync(state(name), 'utf8') : '')
const held = (): boolean => existsSync(state('on'))
/** What vip-manager does. */
const bring = (): void => set('on', '2: eth0    inet 10.77.0.20/24 scope global eth0')
const renewals = (): number => textOf('calls').split('change').length - 1
const until = async (what: string, read: () => boolean): Promise<void> => {
  const seen = await poll(async () => (read() ? true : undefined), { timeoutMs: 10_000, intervalMs: 20 })
  expect(seen, `never: ${what}\n${textOf('calls')}`).toBe(true)
}

function script(): string {
  const cluster = clusterOf({}, [host('pg1', '10.77.0.11', { nic: 'eth0' })])
  const file = join(import.meta.dirname, '../../../templates/patroni/vip-manager-keeper.hbs')
  const scope = { inventory_hostname: 'pg1', cluster: { ...cluster.vars, ...derive(cluster) } }
  const text = String(createTemplates().render(readFileSync(file, 'utf8'), scope))
  expect(text).toContain('PATH=/usr/sbin:/usr/bin:/sbin:/bin\n')
  return text
    .replace('PATH=/usr/sbin', `STATE=${dir} PATH=${dir}/bin:/usr/sbin`)
    .replace('export LC_ALL PATH', 'export LC_ALL PATH STATE')
    .replace('pause=1', 'pause=0.05')
    .replace('/usr/bin/vip-manager', `${dir}/bin/vip-manager`)
}

function start(word: string): { readonly child: ChildProcess; readonly ended: Promise<number | null> } {
  const child = spawn('sh', [state('keeper'), word], { stdio: 'ignore', detached: true })
  running.push(child)
  return { child, ended: new Promise((done) => child.once('exit', (code) => done(code))) }
}

/** Waits until the script has asked so many times more. */
async function asks(more: number): Promise<void> {
  const goal = textOf('asks').length + more
  await until(`${more} more questions`, () => textOf('asks').length >= goal)
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hactl-keeper-'))
  mkdirSync(state('bin'))
  for (const [name, text] of Object.entries(FAKES)) {
    writeFileSync(state(`bin/${name}`), `#!/bin/sh\n${text}\n`)
    chmodSync(state(`bin/${name}`), 0o755)
  }
  set('keeper', script())
  set('rest', '200 primary')
})

afterEach(() => {
  for (const { pid } of running.splice(0)) {
    try {
      process.kill(-(pid ?? 0), 'SIGKILL')
    } catch {
      // It has ended with all it started.
    }
  }
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
})

test('the address of the primary gets a lifetime, which is renewed', async () => {
  start('run')
  await until('vip-manager runs', () => textOf('started') !== '')
  bring()
  await until('two renewals', () => renewals() >= 2)
  expect(textOf('calls')).toContain('change 10.77.0.20/24 dev eth0 valid_lft 10 preferred_lft 10')
})

test('an address left behind goes before vip-manager starts, which waits for an answer of Patroni', async () => {
  bring()
  set('rest', 'silent')
  start('run')
  await asks(3)
  expect([held(), textOf('started')]).toEqual([false, ''])
  set('rest', '503 replica')
  await until('vip-manager runs', () => textOf('started') !== '')
})

test('when vip-manager is killed the service ends', async () => {
  const { ended } = start('run')
  await until('vip-manager runs', () => textOf('started') !== '')
  process.kill(Number(textOf('started')), 'SIGKILL')
  expect(await ended).toBe(1)
})

test('an address on a host that is not the primary goes; brought again, the service starts anew', async () => {
  const { child, ended } = start('run')
  await until('vip-manager runs', () => textOf('started') !== '')
  bring()
  set('rest', '503 replica')
  await until('it is gone', () => !held())
  await asks(4)
  expect(child.exitCode).toBe(null)
  bring()
  expect(await ended).toBe(1)
  expect(held()).toBe(false)
})

test('a primary without the address lets vip-manager start anew', async () => {
  expect(await start('run').ended).toBe(1)
  expect(textOf('started')).not.toBe('')
})

test('a host that has the lock but is still in recovery waits', async () => {
  set('rest', '200 replica')
  start('run')
  await asks(6)
  expect(renewals()).toBe(0)
  bring()
  await until('it is renewed', () => renewals() > 0)
})

test('without an answer nothing is renewed, and when it stays away the service ends', async () => {
  const { ended } = start('run')
  await until('vip-manager runs', () => textOf('started') !== '')
  bring()
  set('rest', 'silent')
  await asks(2)
  const before = renewals()
  expect(await ended).toBe(1)
  expect([renewals(), held()]).toEqual([before, false])
})

test('lower gives the address up, and again does no harm', async () => {
  bring()
  expect(await start('lower').ended).toBe(0)
  expect(held()).toBe(false)
  expect(await start('lower').ended).toBe(0)
  expect(await start('off').ended).toBe(64)
})
