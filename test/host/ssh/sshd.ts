import { execFileSync, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { poll } from '../../../src/lib/poll.ts'
import type { ConnectionSpec } from '../../../src/transport/transport.ts'

/** One OpenSSH server of our own on loopback, with its own keys. */
export interface Sshd {
  readonly port: number
  readonly pid: number
  readonly dir: string
  /** Private key that every account here accepts, and a known_hosts file that knows this server. */
  readonly key: string
  readonly knownHosts: string
  readonly hostKey: string
  spec(more?: Partial<ConnectionSpec>): ConnectionSpec
  stop(): void
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })

export const keygen = (file: string, type = 'ed25519', passphrase = ''): void =>
  void execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'test', '-f', file])

/** Whether something listens: read from the kernel, so that the server sees no connection. */
const listens = (port: number): boolean =>
  readFileSync('/proc/net/tcp', 'utf8').includes(
    `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`,
  )

/** Starts a server; `config` are further lines of sshd_config, `prepare` is shell text run in a mount namespace of its own. */
export async function startSshd(config: readonly string[] = [], prepare = ''): Promise<Sshd> {
  const dir = mkdtempSync(join(tmpdir(), 'hactl-sshd-'))
  // Other accounts read their authorized_keys here.
  chmodSync(dir, 0o755)
  mkdirSync('/run/sshd', { recursive: true })
  const port = await freePort()
  const hostKey = join(dir, 'host')
  const key = join(dir, 'id')
  keygen(hostKey)
  keygen(key)
  const authorized = join(dir, 'authorized_keys')
  writeFileSync(authorized, readFileSync(`${key}.pub`))
  const knownHosts = join(dir, 'known_hosts')
  const publicKey = readFileSync(`${hostKey}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${publicKey}\n`)
  writeFileSync(
    join(dir, 'sshd_config'),
    [
      ...config,
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${authorized}`,
      'StrictModes no',
      'UsePAM no',
      // As if a shell had started this one: bash then leaves out root's .bashrc, which may take long.
      'SetEnv SHLVL=5',
      'PermitRootLogin yes',
      `PidFile ${join(dir, 'pid')}`,
    ].join('\n'),
  )
  const daemon = ['/usr/sbin/sshd', '-D', '-e', '-f', join(dir, 'sshd_config')]
  const [program = '', ...args] =
    prepare === '' ? daemon : ['unshare', '-m', 'sh', '-c', `${prepare}; exec "$@"`, 'sh', ...daemon]
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  child.stderr.on('data', (data: Buffer) => {
    if (existsSync(dir)) appendFileSync(join(dir, 'log'), data)
  })
  const up = await poll(async () => (listens(port) ? true : undefined), { timeoutMs: 10_000, intervalMs: 20 })
  if (up === undefined || child.pid === undefined)
    throw new Error(`sshd did not start: ${readFileSync(join(dir, 'log'), 'utf8')}`)
  return {
    port,
    pid: child.pid,
    dir,
    key,
    knownHosts,
    hostKey,
    spec: (more = {}) => ({
      host: 'target',
      kind: 'ssh',
      address: '127.0.0.1',
      port,
      user: 'root',
      privateKeyFile: key,
      knownHostsFiles: [knownHosts],
      become: false,
      becomeUser: 'root',
      connectTimeoutMs: 30_000,
      ...more,
    }),
    stop: () => {
      child.kill('SIGTERM')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
