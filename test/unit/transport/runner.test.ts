import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { HactlError } from '../../../src/diag/diagnostic.ts'
import { poll } from '../../../src/lib/poll.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { connectLocal } from '../../../src/transport/local.ts'
import { createRunner } from '../../../src/transport/runner.ts'
import type { ConnectionSpec, Transport } from '../../../src/transport/transport.ts'

const SPEC: ConnectionSpec = {
  host: 'here',
  kind: 'local',
  address: 'localhost',
  become: false,
  becomeUser: 'root',
  connectTimeoutMs: 5000,
}

const dir = mkdtempSync(join(tmpdir(), 'hactl-runner-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const find = (name: string): string | undefined =>
  ['/bin', '/usr/bin'].map((folder) => join(folder, name)).find((path) => existsSync(path))

/** A folder in front of PATH in which `sh` is the given shell; busybox brings its own tools along. */
function shellFolder(shell: string): string {
  const folder = join(dir, shell)
  mkdirSync(folder, { recursive: true })
  const path = find(shell) ?? ''
  if (shell === 'busybox') execFileSync(path, ['--install', '-s', folder])
  else symlinkSync(path, join(folder, 'sh'))
  return folder
}

const PATH = process.env['PATH'] ?? ''
const open: Transport[] = []
async function session(folder?: string): Promise<Transport> {
  process.env['PATH'] = folder === undefined ? PATH : `${folder}:${PATH}`
  const transport = await connectLocal(SPEC, {})
  open.push(transport)
  return transport
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((transport) => transport.close()))
  process.env['PATH'] = PATH
})

const running = (argument: string): boolean =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument)
      } catch {
        return false
      }
    })
const gone = (argument: string): Promise<boolean | undefined> =>
  poll(async () => (running(argument) ? undefined : true), { timeoutMs: 8000, intervalMs: 20 })
const until = (check: () => boolean): Promise<boolean | undefined> =>
  poll(async () => (check() ? true : undefined), { timeoutMs: 5000, intervalMs: 10 })
const codeOf = (error: unknown): string | undefined =>
  error instanceof HactlError ? error.diagnostics[0]?.code : String(error)

/** A number no other process has in its arguments. */
let unique = 100_000 + process.pid * 10
const longSleep = (): string => String(++unique)

describe.each(['dash', 'bash', 'busybox'].filter(find))('with %s as the remote sh', (shell) => {
  const folder = shellFolder(shell)

  test('keeps stdout, stderr and exit code of each command apart', async () => {
    const transport = await session(folder)
    const results = await transport.batch([
      { argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'] },
      { argv: ['cat'], stdin: new Secret('typed in') },
      { argv: ['cat'] },
      { argv: ['sh', '-c', 'printf "no newline"'] },
    ])
    expect(results).toEqual([
      { code: 3, stdout: 'out\n', stderr: 'err\n' },
      { code: 0, stdout: 'typed in', stderr: '' },
      { code: 0, stdout: '', stderr: '' },
      { code: 0, stdout: 'no newline', stderr: '' },
    ])
    expect(transport.stats()).toMatchObject({ roundTrips: 1, commands: 4 })
  })

  test('hands arguments over as they are', async () => {
    const words = ["it's", '$HOME `id` "q"', 'two\nlines', '*', '\\', '', 'ü €', '!', '-n', '~', '%s']
    const transport = await session(folder)
    const [result] = await transport.batch([
      { argv: ['sh', '-c', 'for a; do printf "<%s>" "$a"; done', 'sh', ...words] },
    ])
    expect(result?.stdout).toBe(words.map((word) => `<${word}>`).join(''))
  })

  test('runs programs, never words of the shell', async () => {
    const transport = await session(folder)
    const results = await transport.batch([
      { argv: ['exit', '7'] },
      { argv: ['if'] },
      { argv: ['A=b'] },
      { argv: ['cd', '/tmp'] },
      { argv: ['pwd'] },
    ])
    expect(results.map((result) => result.code).slice(0, 3)).toEqual([127, 127, 127])
    expect(results.at(-1)?.stdout).toBe('/\n')
  })

  test('says plainly that a program is missing', async () => {
    const [result] = await (await session(folder)).batch([{ argv: ['no-such-program'] }])
    expect(result?.code).toBe(127)
    expect(result?.stderr).toMatch(/^(?:sh: (?:line \d+: )?)?no-such-program: .*not found\n$/)
  })

  test('sets C locale and umask 022 and gives one command its variables only', async () => {
    const show = { argv: ['sh', '-c', 'echo "$LC_ALL $(umask) $A"'] }
    const results = await (await session(folder)).batch([{ ...show, env: { A: "b 'c'" } }, show])
    expect(results.map((result) => result.stdout)).toEqual(["C 0022 b 'c'\n", 'C 0022 \n'])
  })

  test('stops at the first failure when asked, and heeds okCodes', async () => {
    const transport = await session(folder)
    const exit = (code: number) => ['sh', '-c', `exit ${code}`]
    const results = await transport.batch(
      [
        { argv: exit(2), okCodes: [0, 2] },
        { argv: exit(5), okCodes: 'any' },
        { argv: exit(12), okCodes: [1, 2] },
        { argv: ['echo', 'never'] },
      ],
      { failFast: true },
    )
    expect(results.map((result) => [result.code, result.notRun ?? false])).toEqual([
      [2, false],
      [5, false],
      [12, false],
      [125, true],
    ])
  })

  test('kills a command that is over its time with all its children and runs the next', async () => {
    const transport = await session(folder)
    const sleep = longSleep()
    const results = await transport.batch([
      { argv: ['echo', 'before'] },
      { argv: ['sh', '-c', `echo begun; sleep ${sleep} & sleep ${sleep}; wait`], timeoutMs: 200 },
      { argv: ['echo', 'after'] },
    ])
    expect(results[1]).toMatchObject({ code: 124, timedOut: true, stdout: 'begun\n' })
    expect(results[2]).toMatchObject({ code: 0, stdout: 'after\n' })
    expect(running(sleep)).toBe(false)
  })

  test('kills a command that ignores TERM, keeps the output, and runs the next', async () => {
    const transport = await session(folder)
    const results = await transport.batch([
      { argv: ['echo', 'before'] },
      { argv: ['sh', '-c', 'trap "" TERM; echo deaf; while :; do sleep 1; done'], timeoutMs: 200 },
      { argv: ['cat'], stdin: 'after' },
    ])
    expect(results.map((result) => [result.code, result.stdout])).toEqual([
      [0, 'before\n'],
      [124, 'deaf\n'],
      [0, 'after'],
    ])
    expect(results[1]?.timedOut).toBe(true)
  })

  test('an interrupt ends what runs and the session stays usable', async () => {
    const transport = await session(folder)
    const sleep = longSleep()
    const stop = new AbortController()
    const batch = transport.batch([{ argv: ['sleep', sleep] }, { argv: ['touch', join(dir, 'never')] }], {
      signal: stop.signal,
    })
    await until(() => running(sleep))
    stop.abort()
    const error: unknown = await batch.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ exit: 130 })
    expect(codeOf(error)).toBe('ssh/cancelled')
    expect(running(sleep)).toBe(false)
    expect(existsSync(join(dir, 'never'))).toBe(false)
    expect(await transport.batch([{ argv: ['echo', 'on'] }])).toMatchObject([{ stdout: 'on\n' }])
  })

  test('closing the session kills what runs and leaves no folder', async () => {
    const transport = await session(folder)
    const sleep = longSleep()
    const work = await workFolder(transport)
    expect(existsSync(work)).toBe(true)
    const batch = transport.batch([{ argv: ['sh', '-c', `trap "" TERM; sleep ${sleep}; sleep ${sleep}`] }])
    const failed = batch.catch(codeOf)
    await until(() => running(sleep))
    await transport.close()
    await failed
    expect(await gone(sleep)).toBe(true)
    expect(await until(() => !existsSync(work))).toBe(true)
  })

  test('an inline script keeps its variables, its exit code and its traps to itself', async () => {
    const transport = await session(folder)
    const inline = (text: string, ...args: string[]) =>
      ({ argv: ['sh', '-c', text, 'x', ...args], inline: true }) as const
    const results = await transport.batch([
      { ...inline('k=9 d=/nowhere; cat; echo "$# $1 $A"; exit 3', "it's"), stdin: 'typed', env: { A: '1' } },
      inline('echo "${A-none} $#"; trap "echo bye" EXIT # a comment'),
      { argv: ['echo', 'after'] },
      { ...inline('sleep 60'), timeoutMs: 100 },
      { argv: ['echo', 'last'] },
    ])
    expect(results.map(({ code, stdout }) => [code, stdout])).toEqual([
      [3, "typed1 it's 1\n"],
      [0, 'none 0\nbye\n'],
      [0, 'after\n'],
      [124, ''],
      [0, 'last\n'],
    ])
  })

  test('does what it was last told to do at the end, also when nobody waits for it', async () => {
    const [first, second] = [join(dir, `${shell}-first`), join(dir, `${shell}-second`)]
    writeFileSync(first, '')
    writeFileSync(second, '')
    const transport = await session(folder)
    transport.atEnd(`[ -e ${first} ] && D="$D ${first}"`)
    await transport.batch([{ argv: ['true'] }])
    expect(existsSync(first)).toBe(true)
    transport.atEnd(`D="$D ${second}"`)
    await transport.close()
    expect(await until(() => !existsSync(second))).toBe(true)
    expect(existsSync(first)).toBe(true)
    const early = await session(folder)
    const batch = early.batch([{ argv: ['true'] }])
    await new Promise(setImmediate)
    early.atEnd(`D="$D ${first}"`)
    await batch
    await early.close()
    expect(await until(() => !existsSync(first))).toBe(true)
  })

  test('keeps nothing of its batches but empty files, and no secret', async () => {
    const transport = await session(folder)
    const work = await workFolder(transport)
    for (let i = 0; i < 12; i++) await transport.batch([{ argv: ['cat'], stdin: new Secret(`hidden ${i}`) }])
    await transport.batch([{ argv: ['cat'], stdin: Buffer.alloc(100_000, 'secret') }])
    const texts = (): string[] => readdirSync(work).map((name) => readFileSync(join(work, name), 'utf8'))
    expect(await until(() => !texts().some((text) => /hidden|secret/.test(text)))).toBe(true)
    expect(texts().length).toBeLessThan(25)
  })

  test('takes 32 MB of standard input and gives it back', async () => {
    const transport = await session(folder)
    const body = Buffer.alloc(32 * 1024 * 1024, 'abcdefgh\n')
    const [result] = await transport.batch([{ argv: ['cat'], stdin: body }])
    expect(result?.stdout.length).toBe(body.length)
    expect(result?.stdout === body.toString()).toBe(true)
  }, 120_000)

  test('what a left-over process writes later spoils nothing', async () => {
    const transport = await session(folder)
    const late = `(while :; do echo late; done) & sleep 0.1; kill $!`
    const results = await transport.batch([
      { argv: ['sh', '-c', `echo one; (sleep 0.05; echo late; echo late >&2) & exit 0`] },
      { argv: ['sleep', '0.2'] },
      { argv: ['sh', '-c', `echo three; ${late}`] },
      { argv: ['echo', 'four'] },
    ])
    expect(results[0]).toEqual({ code: 0, stdout: 'one\n', stderr: '' })
    expect(results[3]).toEqual({ code: 0, stdout: 'four\n', stderr: '' })
  })

  test('streams output as it comes, heeds a slow reader, and keeps stderr and exit code', async () => {
    const transport = await session(folder)
    let bytes = 0
    let [inside, most] = [0, 0]
    const output = async (data: Buffer): Promise<void> => {
      most = Math.max(most, ++inside)
      bytes += data.length
      await new Promise((resolve) => setTimeout(resolve, 1))
      inside--
    }
    const script = 'head -c 5000000 /dev/zero; echo err >&2; exit 3'
    const results = await transport.batch([{ argv: ['sh', '-c', script], stream: true }], { output })
    expect(results).toEqual([{ code: 3, stdout: '', stderr: 'err\n' }])
    expect(bytes).toBe(5_000_000)
    expect(most).toBeLessThan(4)
    const endless = { argv: ['yes'], stream: true, timeoutMs: 300 } as const
    expect(await transport.batch([endless], { output })).toMatchObject([{ code: 124, timedOut: true }])
    expect(await transport.batch([{ argv: ['echo', 'on'] }])).toMatchObject([{ stdout: 'on\n' }])
  })

  test('gives commands none of the variables of the login, and the proxy only to those that fetch', async () => {
    const login = {
      https_proxy: "http://proxy:1/'$x a",
      NO_PROXY: 'a b',
      PGHOST: 'elsewhere',
      ETCDCTL_ENDPOINTS: 'elsewhere',
      LD_PRELOAD: '',
    }
    Object.assign(process.env, login, { ODD: "x\nexport PATH='/nowhere'" })
    try {
      const transport = await session(folder)
      const show = { argv: ['sh', '-c', 'echo "$https_proxy|$NO_PROXY|$PGHOST|$ETCDCTL_ENDPOINTS|$ODD"'] }
      const results = await transport.batch([
        show,
        { ...show, inline: true },
        { ...show, network: true },
        { ...show, network: true, inline: true },
        { argv: ['sh', '-c', 'export -p'] },
      ])
      const lines = results.map(({ stdout }) => stdout.trim())
      expect(lines.slice(0, 2)).toEqual(['||||', '||||'])
      expect(lines.slice(2, 4)).toEqual(Array(2).fill(`${login.https_proxy}|${login.NO_PROXY}|||`))
      const names = [...(lines[4] ?? '').matchAll(/^export (\w+)/gm)].map(([, name]) => name ?? '')
      const kept =
        /^(?:PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TERM|PWD|OLDPWD|SHLVL|_|LC_ALL|HACTL_.*|SSH_.*|SUDO_.*)$/
      expect(names.filter((name) => !kept.test(name))).toEqual([])
    } finally {
      for (const name of [...Object.keys(login), 'ODD']) delete process.env[name]
    }
  })

  test('a runner whose controller is gone before its first word leaves no folder', async () => {
    const runner = createRunner()
    const script = runner.script(Buffer.from(''))
    const name = /\.hactl-[0-9a-f]{18}/.exec(script.toString())?.[0] ?? ''
    const left = (): string[] =>
      ['/run', '/dev/shm', '/tmp'].map((place) => join(place, name)).filter((path) => existsSync(path))
    const child = spawn(join(folder, 'sh'), ['-c', runner.boot(script)])
    child.stdin.on('error', () => undefined)
    const ended = once(child, 'exit')
    const closed = once(child.stdout, 'close')
    child.stdout.destroy()
    await closed
    child.stdin.write(script)
    await ended
    expect(left()).toEqual([])
  })

  test('batches asked for at once run one after the other', async () => {
    const transport = await session(folder)
    const results = await Promise.all(
      ['a', 'b', 'c'].map((word) => transport.batch([{ argv: ['echo', word] }])),
    )
    expect(results.map(([result]) => result?.stdout)).toEqual(['a\n', 'b\n', 'c\n'])
    expect(transport.stats().roundTrips).toBe(3)
  })
})

/** The session's own folder: the second argument of the shell that runs the commands. */
const OWN_FOLDER = String.raw`tr '\0' '\n' </proc/$PPID/cmdline | sed -n 3p`
async function workFolder(transport: Transport): Promise<string> {
  const [result] = await transport.batch([{ argv: ['sh', '-c', OWN_FOLDER] }])
  return result?.stdout.trim() ?? ''
}

test('a shell that dies is an error, not an answer', async () => {
  const transport = await session()
  const work = await workFolder(transport)
  const error: unknown = await transport
    .batch([{ argv: ['sh', '-c', 'kill -9 $(ps -o ppid= -p $PPID); sleep 2'] }])
    .catch((reason: unknown) => reason)
  expect(codeOf(error)).toBe('ssh/shell')
  expect(error).toMatchObject({ exit: 4 })
  expect(await transport.batch([{ argv: ['true'] }]).catch(codeOf)).toBe('ssh/shell')
  // Nobody is left to do it.
  rmSync(work, { recursive: true, force: true })
})

test('a command that stops the runner is given up, and the runner clears away when it goes on', async () => {
  const transport = await session()
  const work = await workFolder(transport)
  const sleep = longSleep()
  const stop = { argv: ['sh', '-c', `kill -STOP $HACTL_SESSION_PID; sleep ${sleep}`], timeoutMs: 300 }
  expect(await transport.batch([stop]).catch(codeOf)).toBe('ssh/lost')
  await transport.close()
  expect(await gone(sleep)).toBe(true)
  expect(await until(() => !existsSync(work))).toBe(true)
})

test('bytes that are no UTF-8 go there and back unchanged', async () => {
  const transport = await session()
  const bytes = Buffer.from([...Array(255).keys()].map((each) => each + 1))
  const [read] = await transport.batch([{ argv: ['cat'], stdin: bytes }])
  const long = `${read?.stdout ?? ''}${'x'.repeat(70_000)}`
  const [word, body] = await transport.batch([
    { argv: ['od', '-An', '-v', '-tu1'], stdin: read?.stdout ?? '' },
    { argv: ['head', '-c', '255'], stdin: long },
  ])
  expect(word?.stdout.trim().split(/\s+/).map(Number)).toEqual([...bytes])
  expect(body?.stdout).toBe(read?.stdout)
})

test('forty small commands cost one request of a few kilobytes', async () => {
  const transport = await session()
  await transport.batch([{ argv: ['true'] }])
  const before = transport.stats()
  await transport.batch(Array.from({ length: 40 }, (_, i) => ({ argv: ['test', '-e', `/etc/passwd${i}`] })))
  const after = transport.stats()
  expect(after.roundTrips - before.roundTrips).toBe(1)
  expect(after.bytesSent - before.bytesSent).toBeLessThan(2500)
  expect(after.bytesReceived - before.bytesReceived).toBeLessThan(400)
})

test('a NUL byte in an argument is a bug of the caller', async () => {
  await expect((await session()).batch([{ argv: ['echo', 'a\0b'] }])).rejects.toThrow(/NUL byte/)
})
