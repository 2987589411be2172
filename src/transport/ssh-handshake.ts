import { Socket } from 'node:net'
import type { CipherAlgorithm, Client, KexAlgorithm, ServerHostKeyAlgorithm } from 'ssh2'
import type { HactlError } from '../diag/diagnostic.ts'
import { Deadline } from './deadline.ts'
import type { KeyRing, Ssh2 } from './key-ring.ts'
import { cancelledError } from './opener.ts'
import type { Carrier } from './socket.ts'
import { authHandler } from './ssh-auth.ts'
import { connectError, deadlineError, isReset } from './ssh-errors.ts'
import type { Phase } from './ssh-errors.ts'
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

const isUsable = (stream: Carrier['stream']): boolean => !(stream instanceof Socket && stream.connecting)

/** Runs the SSH protocol up to the login on a started connection. Resolves with the error when it fails. */
export function handshake(work: Handshake): Promise<Outcome> {
  const { ssh2, carrier, target, spec, options, keys } = work
  const client = new ssh2.Client()
  const tried: string[] = []
  return new Promise((resolve) => {
    let phase: Phase = isUsable(carrier.stream) ? 'greeting' : 'tcp'
    let settled = false
    const settle = (outcome: Outcome): void => {
      if (settled) return
      settled = true
      deadline.clear()
      options.signal?.removeEventListener('abort', cancel)
      if ('error' in outcome) carrier.release()
      resolve(outcome)
    }
    const fail = (error: Error): void =>
      settle({ error: connectError(target, error, phase, tried), again: isReset(error, phase) })
    const cancel = (): void => settle({ error: cancelledError(target.host), again: false })
    const late = (): void => {
      const silent = carrier.stream instanceof Socket && carrier.stream.bytesRead === 0
      settle({
        error: deadlineError(target, phase === 'greeting' && !silent ? 'key-exchange' : phase),
        again: false,
      })
    }
    const deadline = new Deadline(target.connectTimeoutMs, late)
    options.signal?.addEventListener('abort', cancel, { once: true })
    const ask = options.ask
    const context = {
      ssh2,
      target,
      keys,
      tried,
      password: spec.password,
      ask: ask && ((question: string) => deadline.pauseFor(() => ask(question))),
    }
    client.on('connect', () => (phase = 'greeting'))
    client.on('handshake', () => (phase = 'login'))
    client.on('ready', () => settle({ client, target, release: () => end(client, carrier) }))
    client.on('error', (error: Error & { level?: string }) => {
      // An agent that does not answer is one method less, not the end.
      if (error.level !== 'agent') fail(error)
    })
    client.on('close', () => fail(new Error('the connection was closed')))
    client.connect({
      sock: carrier.stream,
      username: target.user,
      authHandler: authHandler(context, (error) => settle({ error, again: false })),
      hostVerifier: (key: Buffer) => {
        const error = work.judge(key)
        if (error) settle({ error, again: false })
        return error === undefined
      },
      algorithms: { kex: KEX, cipher: CIPHERS, serverHostKey: [...work.algorithms], compress: ['none'] },
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVE_MISSED,
      readyTimeout: 0,
    })
    if (options.signal?.aborted) cancel()
  })
}

/** Says goodbye without waiting for the answer, and does not keep the process alive for it. */
function end(client: Client, carrier: Carrier): void {
  client.end()
  if (carrier.stream instanceof Socket) carrier.stream.unref()
  const timer = setTimeout(carrier.release, 2000)
  timer.unref()
  client.once('close', () => clearTimeout(timer))
}
