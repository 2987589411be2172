import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HactlError } from '../../../src/diag/diagnostic.ts'
import type { Opener, PipeEvents } from '../../../src/transport/opener.ts'
import { transportError } from '../../../src/transport/opener.ts'
import { RunnerSession } from '../../../src/transport/session.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A host that does as it likes: it sees every frame and says what it wants. */
class Host implements Opener {
  readonly host = 'evil'
  readonly frames: string[] = []
  mark = ''
  destroyed = false
  #events: PipeEvents | undefined
  /** Called for every frame behind the first. */
  heard: (frame: string) => void = () => undefined

  open(_boot: string, early: Buffer, events: PipeEvents) {
    this.mark = /^M=(\w+)$/m.exec(early.toString())?.[1] ?? ''
    this.#events = events
    return Promise.resolve({
      write: (data: Buffer) => {
        this.frames.push(data.toString())
        this.heard(data.toString())
      },
      end: () => undefined,
      destroy: () => (this.destroyed = true),
      hold: () => undefined,
    })
  }
  explain() {
    return Promise.resolve(transportError('lost', this.host, 'gone'))
  }
  close = async (): Promise<void> => undefined
  says(text: string | Buffer): void {
    this.#events?.stdout(Buffer.from(text))
  }
  mutters(text: string): void {
    this.#events?.stderr(Buffer.from(text))
  }
}

/** What became of a batch: undefined as long as it is not settled. */
function outcome(batch: Promise<unknown>) {
  const seen: { code?: string; detail?: string; value?: unknown } = {}
  batch.then(
    (value) => (seen.value = value),
    (error: unknown) => {
      if (!(error instanceof HactlError)) throw error
      seen.code = error.diagnostics[0]?.code ?? ''
      seen.detail = error.diagnostics[0]?.summary ?? ''
    },
  )
  return seen
}

async function begin(timeoutMs = 3000, signal?: AbortSignal) {
  const host = new Host()
  const session = new RunnerSession(host)
  const commands = [
    { argv: ['true'], timeoutMs },
    { argv: ['true'], timeoutMs },
  ]
  const seen = outcome(session.batch(commands, signal ? { signal } : {}))
  await vi.advanceTimersByTimeAsync(0)
  return { host, session, seen }
}

test('silence behind the greeting ends with the time of the command, not with the patience of the user', async () => {
  const { host, seen } = await begin()
  host.says(`${host.mark}h\n`)
  await vi.advanceTimersByTimeAsync(3000)
  expect(seen).toEqual({})
  await vi.advanceTimersByTimeAsync(7000)
  expect(seen.code).toBe('ssh/lost')
  expect(seen.detail).toContain('has not answered')
  expect(host.destroyed).toBe(true)
})

test('a host that always says that the command runs is given up after it was told to kill it', async () => {
  const { host, seen } = await begin()
  host.heard = (frame) => frame === 'P\n' && host.mutters(`${host.mark}p0\n`)
  host.says(`${host.mark}h\n`)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(seen.detail).toContain('could not be stopped')
  expect(host.frames).toContain('T 0 TERM\n')
  expect(host.frames).toContain('T 0 KILL\n')
})

test('a host that jumps between commands does not turn the clock back', async () => {
  const { host, seen } = await begin()
  let turn = 0
  host.heard = (frame) => frame === 'P\n' && host.mutters(`${host.mark}p${turn++ % 2}\n`)
  host.says(`${host.mark}h\n`)
  await vi.advanceTimersByTimeAsync(40_000)
  expect(seen.code).toBe('ssh/lost')
})

test('a host that is done but trickles its answer is given up', async () => {
  const { host, seen } = await begin()
  host.heard = (frame) => {
    if (frame !== 'P\n') return
    host.mutters(`${host.mark}p2\n`)
    host.says('.')
  }
  host.says(`${host.mark}h\n${host.mark}<\n`)
  await vi.advanceTimersByTimeAsync(90_000)
  expect(seen.detail).toContain('did not come to an end')
})

test.each([
  ['beside the records', '', 'sends without an end'],
  ['inside a record', '<\n', 'longer than 64 MB'],
])('endless bytes %s are cut off', async (_where, tag, why) => {
  const { host, seen } = await begin()
  host.says(`${host.mark}h\n${tag === '' ? '' : host.mark + tag}`)
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  for (let count = 0; count < 80 && seen.code === undefined; count++) {
    host.says(chunk)
    await vi.advanceTimersByTimeAsync(0)
  }
  expect(seen.detail).toContain(why)
})

test('endless bytes on stderr, and from a host that was asked for nothing', async () => {
  const { host, seen } = await begin()
  host.says(`${host.mark}h\n`)
  const chunk = 'x'.repeat(1024 * 1024)
  for (let count = 0; count < 40 && seen.code === undefined; count++) {
    host.mutters(chunk)
    await vi.advanceTimersByTimeAsync(0)
  }
  expect(seen.code).toBe('ssh/lost')

  const idle = await begin()
  idle.host.says(`${idle.host.mark}h\n${idle.host.mark}d1 0 0\n`)
  await vi.advanceTimersByTimeAsync(0)
  expect(idle.seen.value).toHaveLength(2)
  idle.host.says(chunk)
  idle.host.says(chunk)
  const next = outcome(idle.session.batch([{ argv: ['true'] }]))
  await vi.advanceTimersByTimeAsync(0)
  expect(next.detail).toContain('sends unasked')
})

test('one interrupt ends a session whose host does not answer', async () => {
  const stop = new AbortController()
  const { host, seen } = await begin(120_000, stop.signal)
  host.says(`${host.mark}h\n`)
  await vi.advanceTimersByTimeAsync(500)
  stop.abort()
  await vi.advanceTimersByTimeAsync(3500)
  expect(seen.code).toBe('ssh/cancelled')
})

test.each([1, 20, 70, 4000])(
  'a greeting and its answer arrive in pieces of %d bytes, or in one',
  async (size) => {
    const { host, seen } = await begin()
    const text = 'long line of output\n'.repeat(400)
    const { mark } = host
    const all = Buffer.from(`${'motd\n'.repeat(1500)}${mark}h\n${mark}<\n${text}${mark}o0\n${mark}d1 0 0\n`)
    for (let at = 0; at < all.length; at += size === 4000 ? all.length : size)
      host.says(all.subarray(at, at + (size === 4000 ? all.length : size)))
    await vi.advanceTimersByTimeAsync(0)
    expect(seen.value).toMatchObject([{ stdout: text }, { stdout: '' }])
  },
)

test('a shell that does not start is named with the setting that gives it more time', async () => {
  const { seen } = await begin()
  await vi.advanceTimersByTimeAsync(30_000)
  expect(seen.detail).toBe('evil: no answer from a shell after 30 s')
  const patient = new RunnerSession(new Host(), 60_000)
  const late = outcome(patient.batch([{ argv: ['true'] }]))
  await vi.advanceTimersByTimeAsync(59_000)
  expect(late.code).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1000)
  expect(late.code).toBe('ssh/shell')
})
