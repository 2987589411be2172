import { setTimeout as wait } from 'node:timers/promises'
import type { ServerHostKeyAlgorithm } from 'ssh2'
import { HactlError } from '../diag/diagnostic.ts'
import { HandshakeGates } from './gate.ts'
import { KeyRing } from './key-ring.ts'
import {
  authorityFor,
  checkHostKey,
  knownHostName,
  knownTypes,
  readKnownHosts,
  recordHostKeys,
} from './known-hosts.ts'
import type { KnownHosts, Verdict } from './known-hosts.ts'
import { cancelledError, transportError } from './opener.ts'
import { commandCarrier, forwardCarrier, tcpCarrier } from './socket.ts'
import type { Carrier } from './socket.ts'
import { readSshConfig } from './ssh-config.ts'
import type { SshConfig } from './ssh-config.ts'
import { hostKeyError } from './ssh-errors.ts'
import type { Connection, Outcome, Special } from './ssh-handshake.ts'
import { NOWHERE, jumpSpecs, resolveTarget } from './target.ts'
import type { Target } from './target.ts'
import type { ConnectOptions, ConnectionSpec } from './transport.ts'

/** Attempts after a reset connection: so many at least, and more until this much time was spent on them. */
const RESET_RETRIES = 4
const RESET_MS = 6000
const LONGEST_PAUSE_MS = 1000
const MAX_JUMPS = 8

/** A key a host showed, under the name it is recorded by. */
export interface ShownKey {
  readonly target: Target
  readonly name: string
  readonly key: Buffer
  readonly verdict: Verdict
}

const HOST_KEY_KINDS: readonly (readonly ServerHostKeyAlgorithm[])[] = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256'],
]

/** Asked for once: with a module loader beside it even the `import()` of what is there already costs much. */
const load = () => Promise.all([import('ssh2'), import('node-ssh'), import('./ssh-handshake.ts')])

/** An attempt in its place behind the gate, which is left in any case. */
async function inside(
  leave: () => void,
  options: ConnectOptions,
  attempt: () => Promise<Outcome>,
): Promise<Outcome> {
  try {
    options.signal?.throwIfAborted()
    return await attempt()
  } finally {
    leave()
  }
}

/** A failure with what ssh_config says about the host and hactl does not follow: ssh may succeed for that reason. */
function withDifferences(error: unknown, { differs }: Target): unknown {
  if (!(error instanceof HactlError) || differs.length === 0) return error
  const line = `ssh_config has for this host what hactl does not follow: ${differs.join(', ')}`
  const diagnostics = error.diagnostics.map((each) => ({
    ...each,
    detail: each.detail === undefined ? line : `${each.detail}\n${line}`,
  }))
  return new HactlError(diagnostics, error.exit)
}

/** What connections of one process share: parsed files, keys, the cap on handshakes, jump hosts. */
export class Dialer {
  readonly #gates = new HandshakeGates()
  readonly #keys = new KeyRing()
  readonly #jumps = new Map<string, { readonly opening: Promise<Connection>; users: number }>()
  readonly #knownHosts = new Map<string, KnownHosts>()
  readonly #recorded = new Set<string>()
  readonly #configFiles: readonly string[] | undefined
  #config: SshConfig | undefined
  #loaded: ReturnType<typeof load> | undefined

  /** Reads these files for ssh_config; default: the user's and the system's. */
  constructor(configFiles?: readonly string[]) {
    this.#configFiles = configFiles
  }

  target(spec: ConnectionSpec): Target {
    this.#config ??= readSshConfig(this.#configFiles)
    return resolveTarget(spec, this.#config)
  }

  /** The host keys a host shows, one of each kind it has, and whether they are known. No login. */
  async hostKeys(spec: ConnectionSpec, options: ConnectOptions): Promise<readonly ShownKey[]> {
    const target = this.target(spec)
    const name = knownHostName(target.keyName, target.port)
    let failure: unknown
    const look = async (algorithms: readonly ServerHostKeyAlgorithm[]): Promise<Buffer | undefined> => {
      let shown: Buffer | undefined
      const judge = (key: Buffer): HactlError => {
        shown = key
        return transportError('host-key', spec.host, `${spec.host}: the key was only looked at`)
      }
      await this.dial(spec, options, { judge, algorithms }).catch((error: unknown) => (failure ??= error))
      return shown
    }
    const looks = await Promise.all(HOST_KEY_KINDS.map(look))
    const keys = looks.filter((key) => key !== undefined)
    if (keys.length === 0) throw failure
    const known = this.#known(target)
    const verdicts = keys.map((key) => checkHostKey(known, name, key))
    // Who shows a recorded key may have others beside it.
    const isProven = verdicts.some(({ kind }) => kind === 'known')
    return keys.map((key, index) => {
      const verdict = verdicts[index] ?? { kind: 'unknown' }
      return {
        target,
        name,
        key,
        verdict: isProven && verdict.kind === 'other' ? { kind: 'unknown' } : verdict,
      }
    })
  }

  /** Connects and logs in. `special` is for `hactl trust`, which wants keys and no login. */
  async dial(
    spec: ConnectionSpec,
    options: ConnectOptions,
    special: Special = {},
    depth = 0,
  ): Promise<Connection> {
    const target = this.target(spec)
    if (depth > MAX_JUMPS)
      throw transportError('unreachable', spec.host, `${spec.host}: more than ${MAX_JUMPS} jump hosts`)
    // Before the gate: a host that waits for its jump host must not hold the place the jump host needs.
    const jump = await this.#jumpOf(target, spec, options, depth)
    try {
      return await this.#retry(target, options, () => this.#attempt(target, spec, options, special, jump))
    } catch (error) {
      jump?.release()
      throw options.signal?.aborted ? cancelledError(spec.host) : withDifferences(error, target)
    }
  }

  /** A reset connection is tried again: meanwhile its place is free for others, and the server gets fewer at a time. */
  async #retry(
    target: Target,
    options: ConnectOptions,
    attempt: () => Promise<Outcome>,
  ): Promise<Connection> {
    const server = target.proxyJump ?? `${target.address}:${target.port}`
    let spent = 0
    for (let count = 0; ; count++) {
      const leave = await this.#gates.enter(server)
      const started = performance.now()
      const outcome = await inside(leave, options, attempt)
      if ('client' in outcome) return outcome
      const pause = Math.min(LONGEST_PAUSE_MS, 100 * 2 ** count) * (1 + Math.random())
      spent += performance.now() - started + pause
      if (!outcome.again || (count >= RESET_RETRIES && spent > RESET_MS)) throw outcome.error
      this.#gates.narrow(server)
      await wait(pause, undefined, options.signal ? { signal: options.signal } : {})
    }
  }

  async #attempt(
    target: Target,
    spec: ConnectionSpec,
    options: ConnectOptions,
    special: Special,
    jump: Connection | undefined,
  ): Promise<Outcome> {
    const carrier = await this.#carrier(target, jump)
    // The package is loaded while the TCP handshake is under way.
    const [ssh2, nodeSsh, { handshake, hostKeyOrder }] = await (this.#loaded ??= load())
    const known = special.judge ? undefined : this.#known(target)
    const name = knownHostName(target.keyName, target.port)
    return handshake({
      ssh2: ssh2.default,
      nodeSsh,
      carrier,
      target,
      spec,
      options,
      keys: this.#keys,
      judge: special.judge ?? ((key) => known && this.#judge(target, known, name, key)),
      algorithms: special.algorithms ?? hostKeyOrder(known ? knownTypes(known, name) : []),
    })
  }

  /** A key that is not on record is taken where ssh_config says so for this host, as ssh does; a changed one never is. */
  #judge(target: Target, known: KnownHosts, name: string, key: Buffer): HactlError | undefined {
    const verdict = checkHostKey(known, name, key)
    const isNew = verdict.kind === 'unknown' || verdict.kind === 'other'
    if (!isNew || target.keyPolicy === 'strict')
      return hostKeyError(target, key, verdict, authorityFor(known, name))
    const id = `${target.trustFile} ${name} ${key.toString('base64')}`
    if (target.trustFile !== NOWHERE && !this.#recorded.has(id))
      recordHostKeys(target.trustFile, name, [key], target.hashKnownHosts)
    this.#recorded.add(id)
    return undefined
  }

  #known(target: Target): KnownHosts {
    const key = target.knownHostsFiles.join('\n')
    const known = this.#knownHosts.get(key) ?? readKnownHosts(target.knownHostsFiles)
    this.#knownHosts.set(key, known)
    return known
  }

  async #carrier(target: Target, jump: Connection | undefined): Promise<Carrier> {
    if (target.proxyCommand !== undefined) return commandCarrier(target.proxyCommand)
    if (!jump) return tcpCarrier(target)
    return forwardCarrier(jump, target)
  }

  async #jumpOf(
    target: Target,
    spec: ConnectionSpec,
    options: ConnectOptions,
    depth: number,
  ): Promise<Connection | undefined> {
    const last = jumpSpecs(target, spec).at(-1)
    if (!last) return undefined
    const before = (target.proxyJump ?? '').split(',').slice(0, -1).join(',')
    return this.#jump({ ...last, ...(before !== '' && { proxyJump: before }) }, options, depth)
  }

  /** One connection to a jump host serves all hosts behind it. */
  async #jump(spec: ConnectionSpec, options: ConnectOptions, depth: number): Promise<Connection> {
    const key = JSON.stringify([spec.address, spec.port, spec.user, spec.proxyJump])
    const shared = this.#jumps.get(key) ?? { opening: this.dial(spec, options, {}, depth + 1), users: 0 }
    this.#jumps.set(key, shared)
    shared.users++
    const forget = (): void => {
      if (this.#jumps.get(key) === shared) this.#jumps.delete(key)
    }
    try {
      const connection = await shared.opening
      connection.client.once('close', forget)
      const release = (): void => {
        if (--shared.users > 0) return
        forget()
        connection.release()
      }
      return { ...connection, release }
    } catch (error) {
      forget()
      throw error
    }
  }
}
