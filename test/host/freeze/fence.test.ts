import { spawn, execFileSync, type ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { poll } from '../../../src/lib/poll.ts'

const FENCE = resolve(import.meta.dirname, '../../../templates/patroni/guard/fence')
/** An account that owns nothing here: the fence leaves servers of root alone. */
const NOBODY = 65_534

let folder = ''
let data = ''
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hactl-fence-'))
  chmodSync(folder, 0o755)
  data = join(folder, 'data')
  mkdirSync(data)
  copyFileSync('/usr/bin/sleep', join(folder, 'postgres'))
  chmodSync(join(folder, 'postgres'), 0o755)
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

const uptime = (): number => Number(execFileSync('cat', ['/proc/uptime'], { encoding: 'utf8' }).split(' ')[0])

/** Says until when a primary may run, in seconds from now, as hactl_lease.py does. */
function note(seconds: number, owner = NOBODY): void {
  const file = join(folder, 'lease')
  writeFileSync(file, `until ${(uptime() + seconds).toFixed(3)} ${data}`.padEnd(1023) + '\n')
  chownSync(file, owner, owner)
}

/** A process that looks like one of a server on the data directory. */
function server(cwd = data, argv0 = 'postgres'): ChildProcess {
  const child = spawn(join(folder, 'postgres'), ['600'], {
    cwd,
    argv0,
    uid: NOBODY,
    gid: NOBODY,
    stdio: 'ignore',
  })
  children.push(child)
  return child
}

function fence(): void {
  const env = { ...process.env, HACTL_LEASE: join(folder, 'lease') }
  children.push(spawn('python3', [FENCE], { env, stdio: 'ignore' }))
}

const diesWithin = async (child: ChildProcess, timeoutMs: number): Promise<boolean> => {
  const gone = () => Promise.resolve(child.signalCode === 'SIGKILL' ? true : undefined)
  return (await poll(gone, { timeoutMs, intervalMs: 20 })) === true
}

test('kills every process of the server when the lease is not renewed, stopped ones too', async () => {
  const [first, second] = [server(), server()]
  second.kill('SIGSTOP')
  note(1)
  fence()
  expect(await diesWithin(first, 5000)).toBe(true)
  expect(await diesWithin(second, 5000)).toBe(true)
})

test('leaves a server alone whose lease is renewed, or given back', async () => {
  const kept = server()
  note(0.8)
  fence()
  for (let round = 0; round < 6; round++) {
    expect(await diesWithin(kept, 400)).toBe(false)
    note(0.8)
  }
  writeFileSync(join(folder, 'lease'), 'free'.padEnd(1023) + '\n')
  expect(await diesWithin(kept, 1500)).toBe(false)
})

test('leaves alone standbys, other directories, other programs, and notes that are half written or of root', async () => {
  const elsewhere = join(folder, 'other')
  mkdirSync(elsewhere)
  const other = server(elsewhere)
  const kept = server()
  writeFileSync(join(data, 'standby.signal'), '')
  note(-10)
  fence()
  expect(await diesWithin(kept, 1500)).toBe(false)
  writeFileSync(join(folder, 'lease'), `until 1 ${data}`)
  rmSync(join(data, 'standby.signal'))
  expect(await diesWithin(kept, 1500)).toBe(false)
  note(-10, 0)
  expect(await diesWithin(kept, 1500)).toBe(false)
  note(-10)
  expect(await diesWithin(kept, 3000)).toBe(true)
  expect(other.signalCode).toBeNull()
})
