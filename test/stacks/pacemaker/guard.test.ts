import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

/** The partition guard among stand-ins for Corosync, nft, the network and the clock. */

const SCRIPT = join(import.meta.dirname, '../../../templates/pacemaker/guard/partition-guard.hbs')
const CMAP = `runtime.config.totem.token (u32) = 2650
runtime.config.totem.consensus (u32) = 3180
nodelist.local_node_pos (u32) = 0
nodelist.node.0.ring0_addr (str) = 10.77.0.11
nodelist.node.0.ring1_addr (str) = 10.77.1.11
nodelist.node.1.ring0_addr (str) = 10.77.0.12
nodelist.node.1.ring1_addr (str) = 10.77.1.12
nodelist.node.2.ring0_addr (str) = 10.77.0.13
nodelist.node.2.ring1_addr (str) = 10.77.1.13
`

const STAND_INS: Readonly<Record<string, string>> = {
  'corosync-quorumtool':
    'echo "Quorate:          $(cat quorate)"; echo "Quorum:           2 Activity blocked"; echo "Ring ID:          1.$(cat ring 2>/dev/null || { echo >>rings; wc -l <rings; })"',
  'corosync-cfgtool': 'for id in 2 3; do echo "nodeid: $id $(cat "link$id")"; done',
  'corosync-cmapctl': 'grep -F -- "$(for last; do :; done; echo "$last")" cmap',
  timeout: 'for last; do :; done; echo "$last" >>asked; grep -qx "$last" answering',
  nft: `case "$1 $2" in
"list table") test -e table ;;
"delete table") rm table ;;
*) cat >table.new; mv table.new table; echo silent >>looks ;;
esac`,
  sleep: 'echo rest >>looks; exec /bin/sleep 0.02',
  cut: 'cat uptime',
}

/** A busy machine makes it slower, not red. */
const PATIENT = { timeout: 60_000, interval: 10 }

let root: string
let guard: ChildProcess
let said: string

const put = (name: string, text: string) => writeFile(join(root, name), `${text}\n`)
const read = (name: string) => readFile(join(root, name), 'utf8')
const isSilent = () => existsSync(join(root, 'table'))

/** Waits for so many looks of the guard from now on. */
async function looks(count: number): Promise<void> {
  await writeFile(join(root, 'looks'), '')
  await vi.waitFor(async () => expect((await read('looks')).split('\n').length).toBeGreaterThan(count), {
    ...PATIENT,
  })
}

/** At that second since boot the guard comes to that. */
async function at(second: number, silent: boolean): Promise<void> {
  await put('uptime', String(second))
  await vi.waitFor(() => expect(isSilent()).toBe(silent), PATIENT)
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hactl-guard-'))
  await mkdir(join(root, 'bin'))
  for (const [name, text] of Object.entries(STAND_INS)) {
    await writeFile(join(root, 'bin', name), `#!/bin/sh\ncd '${root}'\n${text}\n`)
    await chmod(join(root, 'bin', name), 0o755)
  }
  // Cut off from pg3 alone, as Corosync and the network have it.
  await put('cmap', CMAP)
  await put('quorate', 'No')
  await put('link2', 'reachable')
  await put('link3', 'unreachable')
  await put('answering', '10.77.1.12')
  await put('uptime', '100')
  said = ''
})
afterEach(async () => {
  guard.kill('SIGKILL')
  // What it was running may still write there.
  await rm(root, { recursive: true, maxRetries: 10 })
})

async function start(): Promise<void> {
  guard = spawn('sh', [SCRIPT], { env: { PATH: `${root}/bin:/usr/bin:/bin` } })
  guard.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await looks(3)
}

test('who reaches only some is silent once Corosync had the time for two memberships', async () => {
  await start()
  expect(isSilent()).toBe(false)
  await put('uptime', '110')
  await looks(3)
  expect(isSilent()).toBe(false)
  await at(111, true)
  expect(await read('table')).toMatch(/elements = \{ 5405-5412 timeout 60s \}/)
  expect(new Set((await read('asked')).trim().split('\n'))).toEqual(
    new Set(['10.77.0.12', '10.77.1.12', '10.77.0.13', '10.77.1.13']),
  )
  await vi.waitFor(() => expect(said).toMatch(/Corosync reaches: 1, that answer: 1 of 2/), PATIENT)
})

test.each([
  ['has the quorum', { quorate: 'Yes' }],
  ['is cut off from everybody in the eyes of Corosync', { link2: 'unreachable' }],
  ['is cut off from everybody in truth', { answering: '' }],
  ['keeps its ring, and is only late to join', { ring: '5' }],
  ['reaches everybody', { answering: '10.77.0.12\n10.77.0.13' }],
])('who %s is never silent', async (_, files) => {
  for (const [name, text] of Object.entries(files)) await put(name, text)
  await start()
  await put('uptime', '500')
  await looks(4)
  expect(isSilent()).toBe(false)
})

test('a moment with the quorum begins the wait anew', async () => {
  await start()
  await put('quorate', 'Yes')
  await put('uptime', '110')
  await looks(3)
  await put('quorate', 'No')
  await looks(3)
  await put('uptime', '120')
  await looks(3)
  expect(isSilent()).toBe(false)
  await at(121, true)
})

test.each([
  ['all answer', '10.77.0.12\n10.77.0.13'],
  ['nobody answers', ''],
])('it is heard again when %s', async (_, answering) => {
  await start()
  await at(111, true)
  await put('answering', answering)
  await at(112, false)
  await vi.waitFor(() => expect(said).toMatch(/hears this host again/), PATIENT)
})

test('it tries again after a minute, then after two', async () => {
  await start()
  await at(111, true)
  await put('uptime', '170')
  await looks(4)
  expect(isSilent()).toBe(true)
  await at(171, false)
  await looks(3)
  await at(190, true)
  await put('uptime', '309')
  await looks(4)
  expect(isSilent()).toBe(true)
  await at(310, false)
})

test.each([
  ['it was heard', 'answering', '10.77.0.12\n10.77.0.13', '10.77.0.12'],
  ['it had the quorum', 'quorate', 'Yes', 'No'],
])('it tries again after a minute when %s meanwhile', async (_, name, mended, broken) => {
  await start()
  await at(111, true)
  await at(171, false)
  await looks(3)
  if (name === 'answering') await at(190, true)
  await put(name, mended)
  await at(191, false)
  await looks(3)
  await put(name, broken)
  await looks(3)
  await at(210, true)
  await put('uptime', '269')
  await looks(4)
  expect(isSilent()).toBe(true)
  await at(270, false)
})

test('it is heard again when the guard is stopped, and when it starts after it was killed', async () => {
  await start()
  await at(111, true)
  guard.kill('SIGTERM')
  await once(guard, 'exit')
  expect(isSilent()).toBe(false)
  await put('table', 'left by one that was killed')
  await start()
  expect(isSilent()).toBe(false)
})
