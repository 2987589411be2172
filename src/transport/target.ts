import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { expandTokens, optionsFor } from './ssh-config.ts'
import type { HostOptions, KeyPolicy, Login, SshConfig } from './ssh-config.ts'
import type { ConnectionSpec } from './transport.ts'

/** A host to connect to, with everything from the inventory and from ssh_config settled. */
export interface Target {
  /** Name in the inventory, for messages. */
  readonly host: string
  readonly address: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly string[]
  /** The files come from the user, not from ssh's defaults. */
  readonly identitiesGiven: boolean
  readonly identitiesOnly: boolean
  readonly agent?: string
  readonly proxyJump?: string
  readonly proxyCommand?: string
  readonly knownHostsFiles: readonly string[]
  /** Name the key is looked up by, without the port. */
  readonly keyName: string
  /** File that `hactl trust` appends to. */
  readonly trustFile: string
  readonly hashKnownHosts: boolean
  readonly keyPolicy: KeyPolicy
  readonly family?: 4 | 6
  readonly bindAddress?: string
  readonly certificateFiles: readonly string[]
  /** What ssh_config says and hactl does not follow, for the message when it fails. */
  readonly differs: readonly string[]
  readonly connectTimeoutMs: number
}

const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa']
const USER_KNOWN_HOSTS = ['known_hosts', 'known_hosts2']
const GLOBAL_KNOWN_HOSTS = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']
/** As a file of known hosts: nothing is known, and nothing can be recorded. */
export const NOWHERE = '/dev/null'

const agentOf = (options: HostOptions): string | undefined => {
  const agent = options.identityAgent ?? 'SSH_AUTH_SOCK'
  if (agent === 'none') return undefined
  const variable = agent === 'SSH_AUTH_SOCK' ? agent : /^\$\{?(\w+)\}?$/.exec(agent)?.[1]
  return variable === undefined ? agent : process.env[variable]
}

/** A jump host or a command: of the inventory, else of ssh_config. */
function proxyOf(
  spec: ConnectionSpec,
  options: HostOptions,
  expand: (text: string) => string,
): Pick<Target, 'proxyJump' | 'proxyCommand'> {
  const from = spec.proxyJump === undefined && spec.proxyCommand === undefined ? options : spec
  if (from.proxyJump !== undefined) return from.proxyJump === 'none' ? {} : { proxyJump: from.proxyJump }
  return from.proxyCommand === undefined ? {} : { proxyCommand: expand(from.proxyCommand) }
}

function keysOf(
  spec: ConnectionSpec,
  options: HostOptions,
): Pick<Target, 'identityFiles' | 'identitiesGiven'> {
  const given = [spec.privateKeyFile, ...options.identityFiles].filter((file) => file !== undefined)
  return given.length > 0
    ? { identityFiles: given, identitiesGiven: true }
    : { identityFiles: DEFAULT_KEYS.map((name) => join(homedir(), '.ssh', name)), identitiesGiven: false }
}

/** Who logs in where, as far as the inventory says. */
const loginOf = ({ user, port }: ConnectionSpec): Login => ({
  ...(user !== undefined && { user }),
  ...(port !== undefined && { port }),
})

/** From where and by which protocol the host is reached. */
const wayOf = ({ family, bindAddress }: HostOptions): Pick<Target, 'family' | 'bindAddress'> => ({
  ...(family && { family }),
  ...(bindAddress !== undefined && { bindAddress }),
})

/** Where the keys of hosts are looked up and recorded. */
function recordsOf(
  spec: ConnectionSpec,
  options: HostOptions,
  expand: (text: string) => string,
): Pick<Target, 'knownHostsFiles' | 'trustFile' | 'hashKnownHosts' | 'keyPolicy'> {
  const { userKnownHostsFiles, globalKnownHostsFiles, hashKnownHosts, keyPolicy } = options
  const own = (userKnownHostsFiles ?? USER_KNOWN_HOSTS.map((name) => join(homedir(), '.ssh', name)))
    .filter((file) => file !== 'none')
    .map(expand)
  return {
    knownHostsFiles: [
      ...(spec.knownHostsFiles ?? []),
      ...own,
      ...(globalKnownHostsFiles ?? GLOBAL_KNOWN_HOSTS),
    ],
    trustFile: own[0] ?? NOWHERE,
    hashKnownHosts,
    keyPolicy,
  }
}

/** What is written in the inventory goes before what ssh_config says about the address. */
export function resolveTarget(spec: ConnectionSpec, config: SshConfig): Target {
  const options = optionsFor(config, spec.address, loginOf(spec))
  const address = options.hostName ?? spec.address
  const port = spec.port ?? options.port ?? 22
  const user = spec.user ?? options.user ?? userInfo().username
  const expand = (text: string): string =>
    expandTokens(text, {
      h: address,
      p: port,
      r: user,
      n: spec.address,
      k: options.hostKeyAlias ?? address,
    })
  const agent = agentOf(options)
  const proxy = proxyOf(spec, options, expand)
  const keys = keysOf(spec, options)
  return {
    host: spec.host,
    address,
    port,
    user,
    identityFiles: keys.identityFiles.map(expand),
    identitiesGiven: keys.identitiesGiven,
    identitiesOnly: options.identitiesOnly,
    ...(agent && { agent: expand(agent) }),
    ...proxy,
    ...recordsOf(spec, options, expand),
    keyName: options.hostKeyAlias ?? address,
    ...wayOf(options),
    certificateFiles: options.certificateFiles.map(expand),
    differs: options.differs,
    connectTimeoutMs: options.connectTimeoutMs ?? spec.connectTimeoutMs,
  }
}

/** The jump hosts of `user@host:port,…` as connections of their own, nearest first. */
export function jumpSpecs(target: Target, spec: ConnectionSpec): ConnectionSpec[] {
  return (target.proxyJump ?? '')
    .split(',')
    .filter((hop) => hop !== '')
    .map((hop) => {
      const [, user, bracketed, plain, port] =
        /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(hop.trim()) ?? []
      const address = bracketed ?? plain ?? hop
      return {
        host: address,
        kind: 'ssh',
        address,
        ...(port !== undefined && { port: Number(port) }),
        ...(user !== undefined && { user }),
        ...(spec.privateKeyFile !== undefined && { privateKeyFile: spec.privateKeyFile }),
        ...(spec.knownHostsFiles && { knownHostsFiles: spec.knownHostsFiles }),
        become: false,
        becomeUser: 'root',
        connectTimeoutMs: spec.connectTimeoutMs,
      }
    })
}
