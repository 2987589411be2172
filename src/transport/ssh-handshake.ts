import { Socket } from 'node:net'
import type { CipherAlgorithm, Client, KexAlgorithm, ServerHostKeyAlgorithm } from 'ssh2'
import type { HactlError } from '../diag/diagnostic.ts'
import { Deadline } from './deadline.ts'
import { Said } from './greeting.ts'
import type { KeyRing, Ssh2 } from './key-ring.ts'
import { cancelledError } from './opener.ts'
import { CarrierError } from './socket.ts'
import type { Carrier } from './socket.ts'
import { authHandler } from './ssh-auth.ts'
import { connectError, deadlineError, isReset, phaseOf } from './ssh-errors.ts'
import type { Phase } from './ssh-errors.ts'
import { shorten } from './ssh-shortcuts.ts'
import type { Target } from './target.ts'
import type { ConnectOptions, ConnectionSpec } from './transport.ts'

/** A logged-in connection. `release` ends it and everything that was started for it. */
export interface Connection {
  readonly client: Client
  readonly target: Target
  readonly release: () => void
}

export type Outcome = Connection | { readonly error: unknown; readonly again: boolean }

/** Decides about the key a host shows: the error says why not. */
export type Judge = (key: Buffer) => HactlError | undefined

export interface Special {
  readonly judge?: Judge
  readonly algorithms?: readonly ServerHostKeyAlgorithm[]
}

interface Handshake {
  readonly nodeSsh: typeof import('node-ssh')
  readonly ssh2: Ssh2
  readonly carrier: Carrier
  readonly target: Target
  readonly spec: ConnectionSpec
  readonly options: ConnectOptions
  readonly judge: Judge
  readonly algorithms: readonly ServerHostKeyAlgorithm[]
  readonly keys: KeyRing
}

/** Group exchange is left out: it costs a second of CPU on this side, which would stop every other host. */
const KEX: KexAlgorithm[] = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group16-sha512',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
]
const CIPHERS: CipherAlgorithm[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
]
const HOST_KEYS: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
]

const KEEPALIVE_MS = 5000
const KEEPALIVE_MISSED = 3

/** Algorithms with the types of recorded keys first, so that the key that is shown can be compared. */
export function hostKeyOrder(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const known = (algorithm: string): boolean =>
    types.includes(algorithm) || (algorithm.startsWith('rsa-') && types.includes('ssh-rsa'))
  return [...HOST_KEYS.filter(known), ...HOST_KEYS.filter((algorithm) => !known(algorithm))]
}

/** Waits for the first of: logged in, failed, late, cancelled. What comes after it changes nothing. */
class Attempt {
  readonly outcome: Promise<Outcome>
  readonly tried: string[] = []
  readonly deadline: Deadline
  phase: Phase
  readonly #work: Handshake
  #resolve: (outcome: Outcome) => void = () => {}
  #settled = false
  readonly #cancel = (): void => this.settle({ error: cancelledError(this.#work.target.host), again: false })

  constructor(work: Handshake) {
    const { stream } = work.carrier
    this.#work = work
    this.phase = stream instanceof Socket && stream.connecting ? 'tcp' : 'greeting'
    this.outcome = new Promise((resolve) => (this.#resolve = resolve))
    this.deadline = new Deadline(work.target.connectTimeoutMs, () => this.#late())
    work.options.signal?.addEventListener('abort', this.#cancel, { once: true })
    if (work.options.signal?.aborted) this.#cancel()
  }

  settle(outcome: Outcome): void {
    if (this.#settled) return
    this.#settled = true
    this.deadline.clear()
    this.#work.options.signal?.removeEventListener('abort', this.#cancel)
    if ('error' in outcome) this.#work.carrier.release()
    this.#resolve(outcome)
  }

  fail(error: Error): void {
    const { target } = this.#work
    const phase = phaseOf(error, this.phase)
    this.settle({ error: connectError(target, error, phase, this.tried), again: isReset(error, phase) })
  }

  #late(): void {
    const { carrier, target } = this.#work
    const silent = !(carrier.stream instanceof Socket) || carrier.stream.bytesRead === 0
    const phase = this.phase === 'greeting' && !silent ? 'key-exchange' : this.phase
    this.settle({ error: deadlineError(target, phase), again: false })
  }
}

/** Runs the SSH protocol up to the login on a started connection. Resolves with the error when it fails. */
export function handshake(work: Handshake): Promise<Outcome> {
  const { carrier } = work
  const attempt = new Attempt(work)
  const early = carrier.failure()
  if (early) {
    attempt.fail(early)
    return attempt.outcome
  }
  const client = begin(work, attempt)
  const said = new Said()
  const foreign = (): Error | undefined => (attempt.phase === 'greeting' ? strangers(said) : undefined)
  client.on('connect', () => (attempt.phase = 'greeting'))
  // Once: keys are exchanged again later, by either side.
  client.once('handshake', () => {
    attempt.phase = 'login'
    shorten(client)
  })
  client.on('ready', () =>
    attempt.settle({ client, target: work.target, release: () => end(client, carrier) }),
  )
  client.on('error', (error: Error & { level?: string }) => {
    // An agent that does not answer is one method less, not the end.
    if (error.level !== 'agent') attempt.fail(foreign() ?? error)
  })
  client.on('close', () => attempt.fail(foreign() ?? new Error('the connection was closed')))
  // Behind the library's own listener, which it does not disturb.
  carrier.stream.on('data', function look(data: Buffer) {
    said.add(data)
    const stranger = FOREIGN.some((start) => said.text.startsWith(start)) ? foreign() : undefined
    if (stranger) attempt.fail(stranger)
    if (stranger || said.text.includes('SSH-') || attempt.phase === 'login') carrier.stream.off('data', look)
  })
  return attempt.outcome
}

/** Starts the protocol. What comes of it is heard from the client itself, in all its steps. */
function begin(
  { nodeSsh, ssh2, carrier, target, spec, options, keys, ...work }: Handshake,
  attempt: Attempt,
): Client {
  const { ask } = options
  const context = {
    ssh2,
    target,
    keys,
    tried: attempt.tried,
    password: spec.password,
    ask: ask && ((question: string) => attempt.deadline.pauseFor(() => ask(question))),
  }
  const ssh = new nodeSsh.NodeSSH()
  const connecting = ssh.connect({
    sock: carrier.stream,
    username: target.user,
    authHandler: authHandler(context, (error) => attempt.settle({ error, again: false })),
    hostVerifier: (key: Buffer) => {
      const error = work.judge(key)
      if (error) attempt.settle({ error, again: false })
      return error === undefined
    },
    algorithms: { kex: KEX, cipher: CIPHERS, serverHostKey: [...work.algorithms], compress: ['none'] },
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVE_MISSED,
    readyTimeout: 0,
  })
  connecting.catch(() => undefined)
  if (!ssh.connection) throw new Error('node-ssh has made no connection')
  return ssh.connection
}

/** How others begin who will never say `SSH-`: web servers, and TLS with an alert. */
const FOREIGN = ['HTTP/', '<', '\u0015\u0003']

/** What sshd says instead of its greeting when it lets nobody in just now. */
const REFUSALS = /MaxStartups|Not allowed at this time/

/** What was said where an SSH server should be; undefined when that was nothing, or SSH. */
function strangers(said: Said): CarrierError | undefined {
  const [line = ''] = said.text.split('\n')
  if (line === '' || said.text.includes('SSH-') || REFUSALS.test(line)) return undefined
  const what = line.startsWith('HTTP/') || line.startsWith('<') ? 'a web server' : 'no SSH server'
  return new CarrierError(`${what} answers there`, line.trim().slice(0, 200), 'check the port (ansible_port)')
}

/**
 * Ends the connection without waiting for the answer, and does not keep the process alive for it. No disconnect message
 * is sent: at one sshd drops what it has not passed on yet, and what the host shall do at the end is among it.
 */
function end(client: Client, { stream, release }: Carrier): void {
  stream.end()
  if (stream instanceof Socket) stream.unref()
  const timer = setTimeout(release, 2000)
  timer.unref()
  client.once('close', () => clearTimeout(timer))
}
