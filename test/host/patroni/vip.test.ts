import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { poll } from '../../../src/lib/poll.ts'
import { derive } from '../../../src/stacks/patroni/derive.ts'
import { createTemplates } from '../../../src/template/template.ts'
import { clusterOf, host } from '../../stacks/patroni/cluster.ts'

/**
 * The script itself with fakes for the programs below it. `ip` keeps the addresses in a file, `curl` says what
 * the file `rest` holds ("200 primary", "503 replica", "refused", "silent"), `arping -D` finds the address taken while
 * the file `taken` exists, and is too slow to ask while `hasty` does.
 */
const FAKES = {
  ip: `
    shift; [ "$1" != -o ] || shift
    case $2:$4 in
      show:*/32) [ ! -e "$STATE/on" ] || cat "$STATE/on" ;;
      show:*) echo "2: eth0    inet 10.77.0.11/24 brd 10.77.0.255 scope global eth0" ;;
      replace:*) echo "$*" >>"$STATE/calls"; echo "2: eth0    inet 10.77.0.20/24 scope global eth0" >"$STATE/on" ;;
      del:*) echo "$*" >>"$STATE/calls"; rm -f "$STATE/on" ;;
    esac`,
  ss: `echo "ss $*" >>"$STATE/calls"`,
  curl: `
    read -r code role <"$STATE/rest"
    echo >>"$STATE/asks"
    [ ! -e "$STATE/slow" ] || { rm "$STATE/slow"; touch "$STATE/asked"; while [ -d "$STATE" ] && [ ! -e "$STATE/go" ]; do sleep 0.01; done; }
    case $code in refused) exit 7 ;; silent) exit 28 ;; esac
    printf '{"state": "running", "role": "%s", "timeline": 3} %s' "$role" "$code"`,
  arping: `
    case " $* " in *" -D "*) [ ! -e "$STATE/hasty" ] || exit 0; [ ! -e "$STATE/taken" ] && echo "Sent 1 probes (1 broadcast(s))" ;; *) echo "arping $*" >>"$STATE/calls" ;; esac`,
}

let dir = ''
const running: ChildProcess[] = []

const state = (name: string): string => join(dir, name)
const set = (name: string, text = ''): void => writeFileSync(state(name), `${text}\n`)
const calls = (): string => (existsSync(state('calls')) ? readFileSync(state('calls'), 'utf8') : '')
const held = (): boolean => existsSync(state('on'))
const until = async (what: string, read: () => boolean): Promise<void> => {
  const seen = await poll(async () => (read() ? true : undefined), { timeoutMs: 10_000, intervalMs: 20 })
  expect(seen, `never: ${what}\n${calls()}`).toBe(true)
}

/** The rendered script, with its state and its programs in the test's folder. */
function script(): string {
  const cluster = clusterOf({}, [host('pg1', '10.77.0.11', { nic: null })])
  const template = readFileSync(join(import.meta.dirname, '../../../templates/patroni/vip.hbs'), 'utf8')
  const scope = { inventory_hostname: 'pg1', cluster: { ...cluster.vars, ...derive(cluster) } }
  const text = String(createTemplates().render(template, scope))
  expect(text).toContain('PATH=/usr/sbin:/usr/bin:/sbin:/bin\n')
  return text
    .replace('PATH=/usr/sbin', `STATE=${dir} PATH=${dir}/bin:/usr/sbin`)
    .replace('export LC_ALL PATH', 'export LC_ALL PATH STATE')
    .replace('run=/run/hactl-vip', `run=${dir}/run`)
    .replace('pause=1', 'pause=0.05')
    .replace('patience=2', 'patience=1')
}

function start(word: string): { readonly child: ChildProcess; readonly ended: Promise<number | null> } {
  const child = spawn('sh', [state('vip'), word], { stdio: 'ignore', detached: true })
  running.push(child)
  return { child, ended: new Promise((done) => child.once('exit', (code) => done(code))) }
}
const vip = (word: string): Promise<number | null> => start(word).ended

/** Waits until the script has asked so many times more. */
async function asks(more: number): Promise<void> {
  const count = () => (existsSync(state('asks')) ? readFileSync(state('asks'), 'utf8').length : 0)
  const goal = count() + more
  await until(`${more} more questions`, () => count() >= goal)
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hactl-vip-'))
  mkdirSync(state('bin'))
  for (const [name, text] of Object.entries(FAKES)) {
    writeFileSync(state(`bin/${name}`), `#!/bin/sh\n${text}\n`)
    chmodSync(state(`bin/${name}`), 0o755)
  }
  set('vip', script())
  set('rest', '200 primary')
})

afterEach(() => {
  for (const { pid } of running.splice(0)) endGroup(pid ?? 0)
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
})

/** A script with what it has started; it may have ended. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    return
  }
}

describe('a callback', () => {
  test.each(['primary', 'master'])('up: REST says %s, so the host takes the address', async (role) => {
    set('rest', `200 ${role}`)
    expect(await vip('up')).toBe(0)
    expect(calls()).toContain('replace 10.77.0.20/24 dev eth0 valid_lft 10 preferred_lft 10')
    await until('neighbours are told', () => calls().includes('arping -q -U') && calls().includes('-A'))
  })

  test.each(['503 primary', '200 replica', 'refused', 'silent'])(
    'up: nothing is taken when REST says "%s"',
    async (said) => {
      set('rest', said)
      await vip('up')
      expect(held()).toBe(false)
    },
  )

  test('up waits for the old host to let go', async () => {
    set('taken')
    const { ended } = start('up')
    await until('it asks', () => existsSync(state('run')))
    expect(held()).toBe(false)
    rmSync(state('taken'))
    await ended
    expect(held()).toBe(true)
  })

  test('up takes nothing while a busy host has not even asked its neighbours', async () => {
    set('hasty')
    await vip('up')
    expect(held()).toBe(false)
  })

  test('up gives in after a while when another host goes on answering', async () => {
    set('taken')
    expect(await vip('up')).toBe(0)
    expect(held()).toBe(false)
  })

  test('down gives the address up, and again does no harm', async () => {
    await vip('up')
    expect(await vip('down')).toBe(0)
    expect(held()).toBe(false)
    expect(await vip('down')).toBe(0)
  })

  test('down wins over an answer that was asked for before it', async () => {
    set('slow')
    const { ended } = start('up')
    await until('it has asked', () => existsSync(state('asked')))
    await vip('down')
    set('rest', '503 replica')
    set('go')
    await ended
    expect(held()).toBe(false)
    expect(calls()).not.toContain('replace')
  })

  test('other words are refused', async () => {
    expect(await vip('off')).toBe(64)
  })
})

describe('the service', () => {
  test('takes the address, renews it, and drops it at once when REST says no', async () => {
    start('watch')
    await until('two renewals', () => calls().split('replace').length > 3)
    set('rest', '503 replica')
    await until('it is gone', () => !held())
    expect(calls()).toContain('del 10.77.0.20/24 dev eth0')
  })

  test('what is connected to an address that stays away is ended, once', async () => {
    start('watch')
    await until('it is held', held)
    set('rest', '503 replica')
    await asks(8)
    const ends = calls()
      .split('\n')
      .filter((line) => line.startsWith('ss '))
    expect(ends).toEqual(['ss -K -t src 10.77.0.20'])
    expect(calls().indexOf('ss ')).toBeGreaterThan(calls().indexOf('del '))
  })

  test('what is connected goes on when the address is back at once: Patroni was started anew', async () => {
    start('watch')
    await until('it is held', held)
    set('rest', '503 replica')
    await until('it is gone', () => !held())
    set('rest', '200 primary')
    await until('it is back', held)
    await asks(5)
    expect(calls()).not.toContain('ss ')
  })

  test('drops it at the second refusal: Patroni was killed', async () => {
    start('watch')
    await until('it is held', held)
    set('rest', 'refused')
    await until('it is gone', () => !held())
    expect(calls()).toContain('del 10.77.0.20/24 dev eth0')
  })

  test('without an answer it renews nothing: the kernel takes the address away', async () => {
    start('watch')
    await until('it is held', held)
    set('rest', 'silent')
    await asks(2)
    const before = calls().split('replace').length
    await asks(3)
    expect(calls().split('replace').length).toBe(before)
    expect(held()).toBe(true)
  })

  test('after its end a primary keeps the address for good, another host loses it', async () => {
    const first = start('watch')
    await until('it is held', held)
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(calls()).toContain('valid_lft forever')
    const second = start('watch')
    await until('it has a lifetime again', () => calls().trimEnd().endsWith('valid_lft 10 preferred_lft 10'))
    set('rest', 'refused')
    second.child.kill('SIGTERM')
    await second.ended
    expect(held()).toBe(false)
  })
})
