import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HactlError } from '../../../src/diag/diagnostic.ts'
import { poll } from '../../../src/lib/poll.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { fingerprint, recordHostKeys } from '../../../src/transport/known-hosts.ts'
import { Dialer } from '../../../src/transport/ssh-dial.ts'
import { createSshConnect } from '../../../src/transport/ssh.ts'
import type { Connect, ConnectOptions, ConnectionSpec, Transport } from '../../../src/transport/transport.ts'
import { keygen, startSshd } from './sshd.ts'
import type { Sshd } from './sshd.ts'

const TAG = `hactlt${process.pid % 100_000}`
const PASSWORD = 'pass word $1'
const users: string[] = []

function addUser(name: string, shell: string): string {
  const user = `${TAG}${name}`
  execFileSync('useradd', ['-m', '-s', shell, user])
  users.push(user)
  execFileSync('chpasswd', { input: `${user}:${PASSWORD}\n` })
  return user
}

const sudoers: string[] = []
function allowSudo(user: string, rule: string): void {
  const file = `/etc/sudoers.d/${user}`
  writeFileSync(file, rule, { mode: 0o440 })
  sudoers.push(file)
}

let sshd: Sshd
const servers: Sshd[] = []
const open: Transport[] = []

beforeAll(async () => {
  sshd = await startSshd(['MaxSessions 1'])
  servers.push(sshd)
})
afterAll(async () => {
  await Promise.all(open.map((transport) => transport.close()))
  for (const server of servers) server.stop()
  for (const file of sudoers) rmSync(file, { force: true })
  for (const user of users) execFileSync('userdel', ['-r', '-f', user], { stdio: 'ignore' })
})

async function session(
  spec: ConnectionSpec,
  options: ConnectOptions = {},
  connect: Connect = createSshConnect(),
): Promise<Transport> {
  const transport = await connect(spec, options)
  open.push(transport)
  return transport
}

/** The first diagnostic and exit code of what a connection or its first command fails with. */
async function failure(spec: ConnectionSpec, options: ConnectOptions = {}, connect?: Connect) {
  try {
    const transport = await session(spec, options, connect)
    await transport.batch([{ argv: ['true'] }])
  } catch (error) {
    if (!(error instanceof HactlError)) throw error
    return { ...error.diagnostics[0], exit: error.exit }
  }
  throw new Error('it did not fail')
}

/** A Connect that reads this text for ssh_config. */
function configured(text: string): Connect {
  const file = join(sshd.dir, `config${++configs}`)
  writeFileSync(file, text)
  return createSshConnect(new Dialer([file]))
}
let configs = 0

const whoami = async (transport: Transport): Promise<string | undefined> =>
  (await transport.batch([{ argv: ['id', '-un'] }]))[0]?.stdout.trim()

const cmdlines = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')]
      } catch {
        return []
      }
    })
const running = (argument: string): boolean => cmdlines().some((line) => line.split('\0').includes(argument))
const until = (check: () => boolean, timeoutMs = 10_000): Promise<boolean | undefined> =>
  poll(async () => (check() ? true : undefined), { timeoutMs, intervalMs: 20 })
let unique = 700_000 + (process.pid % 1000) * 100
const longSleep = (): string => String(++unique)

describe('logging in', () => {
  test('with a key: two batches, one channel, nothing left behind', async () => {
    const transport = await session(sshd.spec())
    expect(await whoami(transport)).toBe('root')
    expect(await whoami(transport)).toBe('root')
    expect(transport.stats()).toMatchObject({ roundTrips: 2, commands: 2 })
  })

  test('with an encrypted key: the passphrase is asked for once for all hosts', async () => {
    const key = join(sshd.dir, 'locked')
    keygen(key, 'ed25519', 'open sesame')
    writeFileSync(join(sshd.dir, 'authorized_keys'), readFileSync(`${key}.pub`), { flag: 'a' })
    const questions: string[] = []
    const ask = async (question: string) => {
      questions.push(question)
      return new Secret(questions.length === 1 ? 'wrong' : 'open sesame')
    }
    const connect = createSshConnect()
    const spec = sshd.spec({ privateKeyFile: key })
    const both = await Promise.all([session(spec, { ask }, connect), session(spec, { ask }, connect)])
    expect(await Promise.all(both.map(whoami))).toEqual(['root', 'root'])
    expect(questions).toEqual([`Passphrase of ${key}: `, `Passphrase of ${key}: `])
    expect(await failure(spec)).toMatchObject({
      code: 'ssh/auth',
      exit: 4,
      detail: expect.stringContaining('encrypted') as string,
    })
  })

  test('with an agent, whose keys are used when no file is named', async () => {
    const agent = join(sshd.dir, 'agent')
    const child = spawn('ssh-agent', ['-D', '-a', agent], { stdio: 'ignore' })
    const before = process.env['SSH_AUTH_SOCK']
    try {
      await until(() => existsSync(agent))
      execFileSync('ssh-add', ['-q', sshd.key], {
        env: { ...process.env, SSH_AUTH_SOCK: agent },
        stdio: 'ignore',
      })
      process.env['SSH_AUTH_SOCK'] = agent
      const { privateKeyFile: _, ...spec } = sshd.spec()
      expect(await whoami(await session(spec))).toBe('root')
    } finally {
      if (before === undefined) delete process.env['SSH_AUTH_SOCK']
      else process.env['SSH_AUTH_SOCK'] = before
      child.kill()
    }
  })

  test('with the public half of a key and an agent, as with IdentitiesOnly', async () => {
    const agent = join(sshd.dir, 'agent2')
    const child = spawn('ssh-agent', ['-D', '-a', agent], { stdio: 'ignore' })
    const before = process.env['SSH_AUTH_SOCK']
    try {
      await until(() => existsSync(agent))
      const env = { ...process.env, SSH_AUTH_SOCK: agent }
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
        keygen(join(sshd.dir, `agent-${name}`))
        execFileSync('ssh-add', ['-q', join(sshd.dir, `agent-${name}`)], { env, stdio: 'ignore' })
      }
      execFileSync('ssh-add', ['-q', sshd.key], { env, stdio: 'ignore' })
      process.env['SSH_AUTH_SOCK'] = agent
      const only = `IdentitiesOnly yes\nIdentityFile ${sshd.key}.pub\n`
      const { privateKeyFile: _, ...spec } = sshd.spec()
      expect(await whoami(await session(spec, {}, configured(only)))).toBe('root')
      delete process.env['SSH_AUTH_SOCK']
      expect(await failure(spec, {}, configured(only))).toMatchObject({
        code: 'ssh/auth',
        detail: `tried: ${sshd.key}.pub: it is a public key and there is no agent`,
      })
    } finally {
      if (before === undefined) delete process.env['SSH_AUTH_SOCK']
      else process.env['SSH_AUTH_SOCK'] = before
      child.kill()
    }
  })

  test.each([
    ['password,publickey', 'one'],
    ['publickey,password', 'two'],
  ])('to a server that wants two methods: %s', async (methods, name) => {
    const both = await startSshd([`AuthenticationMethods ${methods}`])
    servers.push(both)
    const user = addUser(name, '/bin/sh')
    const spec = both.spec({ user, password: new Secret(PASSWORD) })
    expect(await whoami(await session(spec))).toBe(user)
    expect(await failure({ ...spec, password: new Secret('wrong') })).toMatchObject({ code: 'ssh/auth' })
  })

  test('a certificate beside a key is named when nothing else helps', async () => {
    const key = join(sshd.dir, 'signed')
    keygen(key)
    execFileSync('ssh-keygen', ['-q', '-s', sshd.key, '-I', 'x', '-n', 'root', `${key}.pub`])
    const error = await failure(sshd.spec({ privateKeyFile: key }))
    expect(error.detail).toContain(`${key}-cert.pub was not tried: certificates are not supported`)
  })

  test('with a password, given or typed; a wrong one is refused', async () => {
    const user = addUser('pw', '/bin/sh')
    const { privateKeyFile: _, ...spec } = sshd.spec({ user })
    expect(await whoami(await session({ ...spec, password: new Secret(PASSWORD) }))).toBe(user)
    expect(await whoami(await session(spec, { ask: async () => new Secret(PASSWORD) }))).toBe(user)
    expect(await failure({ ...spec, password: new Secret('nope') })).toMatchObject({
      code: 'ssh/auth',
      exit: 4,
    })
  })

  test('with a key nobody knows is refused and says what was tried', async () => {
    const key = join(sshd.dir, 'stranger')
    keygen(key)
    expect(await failure(sshd.spec({ privateKeyFile: key }))).toMatchObject({
      code: 'ssh/auth',
      exit: 4,
      detail: `tried: ${key}`,
      on: { host: 'target' },
    })
  })
})

describe('host keys', () => {
  const file = (name: string, text = ''): string => {
    const path = join(sshd.dir, name)
    writeFileSync(path, text)
    return path
  }
  const shown = (): Buffer =>
    Buffer.from(readFileSync(`${sshd.hostKey}.pub`, 'utf8').split(' ')[1] ?? '', 'base64')

  test('an unknown one is refused with the command that trusts it', async () => {
    const error = await failure(sshd.spec({ knownHostsFiles: [file('empty')] }))
    expect(error).toMatchObject({ code: 'ssh/host-key', exit: 4, hint: 'hactl trust target' })
    expect(error.summary).toContain(fingerprint(shown()))
  })

  test('a changed one is refused with both fingerprints and the line', async () => {
    keygen(join(sshd.dir, 'other'))
    const other = readFileSync(`${join(sshd.dir, 'other')}.pub`, 'utf8').split(' ')[1] ?? ''
    const path = file('changed', `# comment\n[127.0.0.1]:${sshd.port} ssh-ed25519 ${other}\n`)
    const error = await failure(sshd.spec({ knownHostsFiles: [path] }))
    expect(error).toMatchObject({ code: 'ssh/host-key', exit: 4 })
    expect(error.detail).toContain(`${path}:2`)
    expect(error.detail).toContain(fingerprint(Buffer.from(other, 'base64')))
    expect(error.detail).toContain(fingerprint(shown()))
  })

  test('one of another kind than the recorded one is told, and never taken for an unknown host', async () => {
    keygen(join(sshd.dir, 'rsa'), 'rsa')
    const rsa = readFileSync(`${join(sshd.dir, 'rsa')}.pub`, 'utf8').split(' ')[1] ?? ''
    const path = file('otherkind', `[127.0.0.1]:${sshd.port} ssh-rsa ${rsa}\n`)
    const error = await failure(sshd.spec({ knownHostsFiles: [path] }))
    expect(error.summary).toContain('another key')
    expect(error.detail).toContain(`ssh-rsa ${fingerprint(Buffer.from(rsa, 'base64'))} (${path}:1)`)
    // The hint: the line goes, and trust sees an unknown key again.
    expect(error.hint).toContain(`delete the line ${path}:1`)
    writeFileSync(path, '')
    expect(await failure(sshd.spec({ knownHostsFiles: [path] }))).toMatchObject({
      hint: 'hactl trust target',
    })
  })

  test('a new one is taken as ssh_config says, and recorded where it can be; a changed one never is', async () => {
    const { knownHostsFiles: _, ...spec } = sshd.spec()
    const vagrant = 'UserKnownHostsFile /dev/null\nStrictHostKeyChecking no\n'
    expect(await whoami(await session(spec, {}, configured(vagrant)))).toBe('root')
    const path = join(sshd.dir, 'new_hosts')
    const first = `UserKnownHostsFile ${path}\nStrictHostKeyChecking accept-new\n`
    expect(await whoami(await session(spec, {}, configured(first)))).toBe('root')
    expect(readFileSync(path, 'utf8')).toContain(shown().toString('base64'))
    const strict = `UserKnownHostsFile ${path}\n`
    expect(await whoami(await session(spec, {}, configured(strict)))).toBe('root')
    keygen(join(sshd.dir, 'another'))
    const another = readFileSync(`${join(sshd.dir, 'another')}.pub`, 'utf8')
    writeFileSync(path, `[127.0.0.1]:${sshd.port} ${another}`)
    const lax = `UserKnownHostsFile ${path}\nStrictHostKeyChecking no\n`
    expect((await failure(spec, {}, configured(lax))).summary).toContain('has changed')
  })

  test('a hashed one is found', async () => {
    const path = file('hashed')
    recordHostKeys(path, `[127.0.0.1]:${sshd.port}`, [shown()], true)
    expect(readFileSync(path, 'utf8')).not.toContain('127.0.0.1')
    expect(await whoami(await session(sshd.spec({ knownHostsFiles: [path] })))).toBe('root')
  })
})

describe('becoming root', () => {
  const sudoUser = (name: string, rule?: string): ConnectionSpec => {
    const user = addUser(name, '/bin/sh')
    if (rule !== undefined) allowSudo(user, `${user} ${rule}\n`)
    return sshd.spec({ user, become: true })
  }

  test('by sudo without a password, and from there any account', async () => {
    const spec = sudoUser('free', 'ALL=(ALL) NOPASSWD: ALL')
    const transport = await session(spec)
    expect(await whoami(transport)).toBe('root')
    const [as] = await transport.batch([{ argv: ['sh', '-c', 'id -un; echo $HOME'], as: spec.user ?? '' }])
    expect(as?.stdout).toBe(`${spec.user}\n/home/${spec.user}\n`)
    // A password that sudo does not ask for must not reach the shell.
    const needless = await session({ ...spec, becomePassword: new Secret('; touch /tmp/never') })
    expect(await whoami(needless)).toBe('root')
  })

  test('by sudo with a password, given or asked for; a wrong one is named and tried once', async () => {
    const spec = sudoUser('pass', 'ALL=(ALL) ALL')
    expect(await whoami(await session({ ...spec, becomePassword: new Secret(PASSWORD) }))).toBe('root')
    const asked: string[] = []
    const ask = async (question: string) => {
      asked.push(question)
      return new Secret(PASSWORD)
    }
    expect(await whoami(await session(spec, { ask }))).toBe('root')
    expect(asked).toEqual([`sudo password of ${spec.user}@target: `])
    expect(await failure(spec)).toMatchObject({
      code: 'ssh/sudo',
      exit: 4,
      hint: expect.stringContaining('ansible_become_password') as string,
    })
    const wrong = await failure({ ...spec, becomePassword: new Secret('wrong') })
    expect(wrong).toMatchObject({ code: 'ssh/sudo', exit: 4, summary: 'target: sudo refused the password' })
    expect(wrong.detail).not.toMatch(/3 incorrect/)
  })

  test('is refused for an account without a rule', async () => {
    const error = await failure({ ...sudoUser('none'), becomePassword: new Secret(PASSWORD) })
    expect(error).toMatchObject({ code: 'ssh/sudo', exit: 4 })
    expect(error.summary).toContain('does not allow')
  })

  test('says so when sudo wants a terminal', async () => {
    const spec = sudoUser('tty', `ALL=(ALL) NOPASSWD: ALL\nDefaults:${TAG}tty requiretty`)
    expect(await failure(spec)).toMatchObject({
      code: 'ssh/sudo',
      summary: 'target: sudo wants a terminal (requiretty)',
    })
  })
})

describe('login shells', () => {
  test.each(
    ['fish', 'tcsh', 'bsd-csh', 'bash', 'dash']
      .map((name) => `/bin/${name}`)
      .filter((path) => existsSync(path)),
  )('%s works, with sudo and password too', async (shell) => {
    const user = addUser(shell.replace('/bin/', '').slice(0, 4), shell)
    allowSudo(user, `${user} ALL=(ALL) ALL\n`)
    expect(await whoami(await session(sshd.spec({ user })))).toBe(user)
    const spec = sshd.spec({ user, become: true, becomePassword: new Secret(PASSWORD) })
    expect(await whoami(await session(spec))).toBe('root')
  })

  test.each(['/bin/false', '/usr/sbin/nologin'])('%s is named', async (shell) => {
    const user = addUser(shell.endsWith('false') ? 'false' : 'nolog', shell)
    const error = await failure(sshd.spec({ user }))
    expect(error).toMatchObject({ code: 'ssh/shell', exit: 4 })
    expect(error.summary).toContain(`login shell of ${user}`)
  })
})

describe('the way there', () => {
  test('through a jump host, one connection to it for all', async () => {
    const jump = await startSshd()
    servers.push(jump)
    writeFileSync(join(jump.dir, 'authorized_keys'), readFileSync(`${sshd.key}.pub`))
    const both = join(jump.dir, 'both')
    writeFileSync(both, readFileSync(sshd.knownHosts, 'utf8') + readFileSync(jump.knownHosts, 'utf8'))
    const spec = sshd.spec({ proxyJump: `root@127.0.0.1:${jump.port}`, knownHostsFiles: [both] })
    const connect = createSshConnect()
    const sessions = await Promise.all([1, 2, 3].map(() => session(spec, {}, connect)))
    expect(await Promise.all(sessions.map(whoami))).toEqual(['root', 'root', 'root'])
    const log = readFileSync(join(jump.dir, 'log'), 'utf8')
    expect(log.match(/Accepted publickey/g)).toHaveLength(1)
    await Promise.all(sessions.map((transport) => transport.close()))
    const dead = await failure({ ...spec, port: 1 })
    expect(dead).toMatchObject({ code: 'ssh/unreachable', exit: 4 })
    expect(dead.summary).toContain('cannot reach 127.0.0.1 port 1')
  })

  test('through a command, which ends with the session', async () => {
    const mark = longSleep()
    const script = `exec 3<>/dev/tcp/%h/%p; cat <&3 & cat >&3; : ${mark}`
    const transport = await session(sshd.spec({ proxyCommand: `bash -c '${script}'` }))
    expect(await whoami(transport)).toBe('root')
    expect(cmdlines().some((line) => line.includes(mark))).toBe(true)
    await transport.close()
    expect(await until(() => !cmdlines().some((line) => line.includes(mark)))).toBe(true)
  })

  test('a closed port, and a host that accepts and says nothing', async () => {
    expect(await failure(sshd.spec({ port: 1 }))).toMatchObject({ code: 'ssh/unreachable', exit: 4 })
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const started = performance.now()
    const error = await failure(sshd.spec({ port, connectTimeoutMs: 300 }))
    for (const socket of sockets) socket.destroy()
    silent.close()
    expect(error).toMatchObject({ code: 'ssh/unreachable', exit: 4 })
    expect(error.summary).toContain('sends no SSH greeting')
    expect(performance.now() - started).toBeLessThan(3000)
  })

  test('a command that fails is named with its own words, and not tried again', async () => {
    const spec = sshd.spec({
      proxyCommand: `sh -c 'echo tunnel: no such gate >&2; echo x >>${sshd.dir}/tries; exit 3'`,
    })
    expect(await failure(spec)).toMatchObject({
      code: 'ssh/unreachable',
      summary: 'target: the ProxyCommand ended with exit code 3',
      detail: 'tunnel: no such gate',
    })
    expect(readFileSync(join(sshd.dir, 'tries'), 'utf8')).toBe('x\n')
  })

  test('a web server is told at once, also one that keeps the connection', async () => {
    const web = createServer((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n'))
    })
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
    const address = web.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    // Far more than the test may take: the answer does not wait for it.
    const error = await failure(sshd.spec({ port, connectTimeoutMs: 600_000 }))
    web.close()
    expect(error).toMatchObject({
      code: 'ssh/unreachable',
      summary: 'target: a web server answers there',
      detail: 'HTTP/1.1 400 Bad Request',
    })
  })

  test('twelve logins at once to a server that bears one at a time', async () => {
    const strict = await startSshd(['MaxStartups 1:100:1'])
    servers.push(strict)
    const connect = createSshConnect()
    const spec = strict.spec({ connectTimeoutMs: 30_000 })
    const sessions = await Promise.all(Array.from({ length: 12 }, () => session(spec, {}, connect)))
    expect(sessions).toHaveLength(12)
    await Promise.all(sessions.map((transport) => transport.close()))
  })

  test('an interrupt while connecting', async () => {
    const stop = new AbortController()
    const silent = createServer(() => stop.abort())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    expect(await failure(sshd.spec({ port }), { signal: stop.signal })).toMatchObject({
      code: 'ssh/cancelled',
      exit: 130,
    })
    silent.close()
  })

  test('forty logins at once to a server that drops half-open ones above twelve', async () => {
    const strict = await startSshd(['MaxStartups 10:100:12'])
    servers.push(strict)
    const connect = createSshConnect()
    const sessions = await Promise.all(
      Array.from({ length: 40 }, () => session(strict.spec({ connectTimeoutMs: 30_000 }), {}, connect)),
    )
    expect(sessions).toHaveLength(40)
    await Promise.all(sessions.map((transport) => transport.close()))
  })
})

describe('trouble on the way', () => {
  /** Pids of the server's session processes. */
  const sessionsOf = (server: Sshd): number[] =>
    execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .filter(([, parent]) => parent === server.pid)
      .map(([pid]) => pid ?? 0)

  test('a server that dies in the middle of a command is a lost connection, and nothing survives', async () => {
    const server = await startSshd()
    servers.push(server)
    const transport = await session(server.spec())
    const sleep = longSleep()
    const batch = transport.batch([{ argv: ['sleep', sleep] }]).catch((error: unknown) => error)
    await until(() => running(sleep))
    for (const pid of sessionsOf(server)) process.kill(pid, 'SIGKILL')
    expect(await batch).toMatchObject({
      exit: 4,
      diagnostics: [{ code: 'ssh/lost', on: { host: 'target' } }],
    })
    expect(await until(() => !running(sleep))).toBe(true)
  })

  test('a host that freezes is noticed by the keepalive', async () => {
    const server = await startSshd()
    servers.push(server)
    const transport = await session(server.spec())
    await whoami(transport)
    const pids = sessionsOf(server)
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    const error: unknown = await transport.batch([{ argv: ['true'] }]).catch((reason: unknown) => reason)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    expect(error).toMatchObject({ exit: 4, diagnostics: [{ code: 'ssh/lost' }] })
  }, 40_000)

  test('an interrupt ends the command and leaves the session usable', async () => {
    const transport = await session(sshd.spec())
    const stop = new AbortController()
    const sleep = longSleep()
    const batch = transport
      .batch([{ argv: ['sleep', sleep] }], { signal: stop.signal })
      .catch((error: unknown) => error)
    await until(() => running(sleep))
    stop.abort()
    expect(await batch).toMatchObject({ exit: 130, diagnostics: [{ code: 'ssh/cancelled' }] })
    expect(running(sleep)).toBe(false)
    expect(await whoami(transport)).toBe('root')
  })

  test('a command that stops the runner is given up when its time is over', async () => {
    const transport = await session(sshd.spec())
    const script = `kill -STOP $HACTL_SESSION_PID; echo $HACTL_SESSION_PID >${sshd.dir}/stopped; sleep 1000`
    const error: unknown = await transport
      .batch([{ argv: ['sh', '-c', script], timeoutMs: 500 }])
      .catch((reason: unknown) => reason)
    process.kill(-Number(readFileSync(join(sshd.dir, 'stopped'), 'utf8')), 'SIGCONT')
    expect(error).toMatchObject({ exit: 4, diagnostics: [{ code: 'ssh/lost' }] })
  })

  test('a killed controller leaves no process and no file', async () => {
    const sleep = longSleep()
    const child = spawn(process.execPath, [
      '--import',
      'tsx',
      join(import.meta.dirname, 'controller.ts'),
      JSON.stringify(sshd.spec()),
      JSON.stringify([
        'sh',
        '-c',
        `trap "" TERM; cat >/dev/null; tr '\\0' '\\n' </proc/$PPID/cmdline | sed -n 3p >${sshd.dir}/work; sleep ${sleep} & sleep ${sleep}; wait`,
      ]),
    ])
    expect(await until(() => running(sleep), 50_000)).toBe(true)
    const work = readFileSync(join(sshd.dir, 'work'), 'utf8').trim()
    expect(statSync(work).mode & 0o777).toBe(0o700)
    child.kill('SIGKILL')
    expect(await until(() => !running(sleep))).toBe(true)
    expect(await until(() => !existsSync(work))).toBe(true)
  })

  test('a remote shell that dies', async () => {
    const transport = await session(sshd.spec())
    const script = `d=$(tr '\\0' '\\n' </proc/$PPID/cmdline | sed -n 3p); kill -9 $(ps -o ppid= -p $PPID); rm -rf $d; sleep 2`
    const error: unknown = await transport
      .batch([{ argv: ['sh', '-c', script] }])
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ exit: 4, diagnostics: [{ code: 'ssh/shell' }] })
  })

  test('work folders in memory that are full', async () => {
    const full =
      'mount -t tmpfs -o size=64k,mode=755 none /run && mkdir /run/sshd && mount -t tmpfs -o size=16k none /dev/shm'
    const fill = 'dd if=/dev/zero of=/run/fill bs=1k; dd if=/dev/zero of=/dev/shm/fill bs=1k'
    const server = await startSshd([], `${full} && { ${fill}; } 2>/dev/null`)
    servers.push(server)
    const transport = await session(server.spec())
    const results = await transport.batch([
      { argv: ['df', '--output=avail', '/run'] },
      { argv: ['cat'], stdin: 'x' },
    ])
    expect(results.map((result) => result.stdout)).toEqual(['Avail\n    0\n', 'x'])

    const small = await startSshd([], full)
    servers.push(small)
    const error: unknown = await (
      await session(small.spec())
    )
      .batch([{ argv: ['cat'], stdin: Buffer.alloc(1_000_000) }])
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ exit: 4, diagnostics: [{ code: 'ssh/shell' }] })
    expect(String(error instanceof HactlError && error.diagnostics[0]?.detail)).toContain(
      'no space left in /run/',
    )
    const lost: unknown = await (
      await session(small.spec())
    )
      .batch([{ argv: ['head', '-c', '1000000', '/dev/zero'] }])
      .catch((reason: unknown) => reason)
    expect(lost).toMatchObject({
      exit: 4,
      diagnostics: [{ code: 'ssh/shell', summary: expect.stringContaining('lost') as string }],
    })
  })
})

describe('content', () => {
  test('a secret on standard input is in no process list while the command runs', async () => {
    const transport = await session(sshd.spec())
    const sleep = longSleep()
    const stop = new AbortController()
    const secret = `hidden-${TAG}`
    const batch = transport
      .batch([{ argv: ['sh', '-c', `read -r x; sleep ${sleep}`], stdin: new Secret(`${secret}\n`) }], {
        signal: stop.signal,
      })
      .catch(() => {})
    await until(() => running(sleep))
    expect(cmdlines().filter((line) => line.includes(secret))).toEqual([])
    stop.abort()
    await batch
  })

  test('32 MB go in and come back', async () => {
    const transport = await session(sshd.spec())
    const body = Buffer.alloc(32 * 1024 * 1024, '0123456789abcde\n')
    const [result] = await transport.batch([{ argv: ['cat'], stdin: body }])
    expect(result?.stdout === body.toString()).toBe(true)
  })

  test('a big file is streamed, checked and renamed; a failure leaves nothing', async () => {
    const from = join(sshd.dir, 'big')
    writeFileSync(from, Buffer.alloc(9_000_000, 'xyz\n'))
    const to = join(sshd.dir, 'arrived')
    const transport = await session(sshd.spec())
    expect(await transport.upload({ from, path: to, mode: '0640', owner: 'nobody' })).toMatchObject({
      code: 0,
    })
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true)
    expect(statSync(to).mode & 0o777).toBe(0o640)
    expect(statSync(to).uid).not.toBe(0)
    const bad = await transport.upload({ from, path: join(sshd.dir, 'no', 'folder') })
    expect(bad.code).not.toBe(0)
    expect((await transport.upload({ from, path: to, owner: 'no-such-user' })).code).not.toBe(0)
    expect(readdirSync(sshd.dir).filter((name) => name.startsWith('.arrived'))).toEqual([])
  })
})
