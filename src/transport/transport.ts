import type { Diagnostic } from '../diag/diagnostic.ts'
import type { Text } from '../lib/secret.ts'

/** One command on a host. Arguments are an array and never hold a secret; standard input may. */
export interface Command {
  readonly argv: readonly string[]
  /**
   * `argv` is `sh -c TEXT NAME ARG…` with a text of this program's own: a fork of the shell that runs the batch
   * evaluates it, which costs a tenth of a process. Variables it reads must be set in it, and a syntax error in it is a bug.
   */
  readonly inline?: true
  /** Default: empty (/dev/null). A Buffer is sent as it is. */
  readonly stdin?: Text | Buffer
  /** Account that runs it; default is the one the session has after `become` (usually root). */
  readonly as?: string
  readonly env?: Readonly<Record<string, string>>
  /** It may go to the network for files of others (packages, keys): it keeps the proxy variables of the login. */
  readonly network?: true
  /** Its standard output goes to `BatchOptions.output` as it comes, is kept nowhere, and is empty in the result. */
  readonly stream?: true
  /** Killed with its whole process group after this many milliseconds; default 120 000. */
  readonly timeoutMs?: number
  /** Exit codes after which a failFast sequence goes on; default [0]. `any` for readings. */
  readonly okCodes?: readonly number[] | 'any'
}

export interface CommandResult {
  /** Exit code; 124 when timed out, 125 when it was not started because an earlier one of the sequence failed. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly timedOut?: boolean
  readonly notRun?: boolean
}

export interface BatchOptions {
  /** Stop at the first command whose exit code is not one of its okCodes: the rest come back as `notRun`. Default false. */
  readonly failFast?: boolean
  readonly signal?: AbortSignal
  /** Takes the output of commands with `stream`; nothing more is read from the host until its promise is kept. */
  readonly output?: (data: Buffer) => Promise<void> | undefined
}

export interface TransportStats {
  /** Request/answer pairs on the wire after the session was opened. */
  readonly roundTrips: number
  readonly commands: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** Why a host could not be used; the engine's only view of connection trouble. */
export type TransportFailure = 'unreachable' | 'host-key' | 'auth' | 'sudo' | 'shell' | 'lost' | 'cancelled'

/**
 * A session on one host: one connection, one channel, commands in order. A batch is one round trip; its
 * commands run one after the other in the order given. Rejects with HactlError (code `ssh/<failure>`,
 * exit 4, or 130 for `cancelled`) when the session itself fails; a command that fails is a result.
 */
export interface Transport {
  readonly host: string
  batch(commands: readonly Command[], options?: BatchOptions): Promise<readonly CommandResult[]>
  /** Streams a local file to the host: sha256 checked, then owner, mode and rename. */
  upload(file: FileUpload): Promise<CommandResult>
  /**
   * Sets what the host does when the session ends, however it ends (`close`, a killed controller, a lost connection):
   * one line of shell text of this program's own, evaluated in a shell with the variable D, the paths that are removed.
   * Takes effect before the next batch; costs no round trip.
   */
  atEnd(line: string): void
  stats(): TransportStats
  /** Ends the session; whatever still runs in it is killed. Never rejects. */
  close(): Promise<void>
}

export interface FileUpload {
  readonly from: string
  readonly path: string
  readonly mode?: string
  readonly owner?: string
  readonly group?: string
}

/** How to reach a host; made from the inventory's `ansible_*` variables. */
export interface ConnectionSpec {
  /** Why this cannot be connected to; the inventory leaves it to whoever asks for the host. */
  readonly problems?: readonly Diagnostic[]
  readonly host: string
  readonly kind: 'ssh' | 'local'
  readonly address: string
  readonly port?: number
  readonly user?: string
  readonly privateKeyFile?: string
  readonly password?: Text
  readonly become: boolean
  readonly becomeUser: string
  readonly becomePassword?: Text
  /** Extra known_hosts files (the lab's), read before the user's. */
  readonly knownHostsFiles?: readonly string[]
  /** ProxyJump as in ssh_config; overrides what ~/.ssh/config says. */
  readonly proxyJump?: string
  /** A command whose stdin/stdout is the connection, as ProxyCommand in ssh_config (`%h`, `%p`, `%r`). */
  readonly proxyCommand?: string
  readonly connectTimeoutMs: number
}

/** Opens a session. Prompts come through `ask` (undefined: no terminal, fail instead). */
export type Connect = (spec: ConnectionSpec, options: ConnectOptions) => Promise<Transport>
export interface ConnectOptions {
  readonly signal?: AbortSignal
  readonly ask?: (question: string) => Promise<Text>
}
