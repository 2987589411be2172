import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { expandTokens, optionsFor } from './ssh-config.ts'
import type { HostOptions, SshConfig } from './ssh-config.ts'
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
  readonly connectTimeoutMs: number
}

const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa']
const GLOBAL_KNOWN_HOSTS = '/etc/ssh/ssh_known_hosts'

const agentOf = (options: HostOptions): string | undefined => {
  const agent = options.identityAgent ?? 'SSH_AUTH_SOCK'
  if (agent === 'none') return undefined
  const variable = agent === 'SSH_AUTH_SOCK' ? agent : /^\$\{?(\w+)\}?$/.exec(agent)?.[1]
  return variable === undefined ? agent : process.env[variable]
}

/** What is written in the inventory goes before what ssh_config says about the address. */
export function resolveTarget(spec: ConnectionSpec, config: SshConfig): Target {
  const options = optionsFor(config, spec.address)
  const ssh = join(homedir(), '.ssh')
  const address = options.hostName ?? spec.address
  const port = spec.port ?? options.port ?? 22
  const user = spec.user ?? options.user ?? userInfo().username
  const expand = (text: string): string =>
    expandTokens(text, { h: address, p: port, r: user, n: spec.address })
  const given = [
    ...(spec.privateKeyFile === undefined ? [] : [spec.privateKeyFile]),
    ...options.identityFiles,
  ].map(expand)
  const userFiles = options.userKnownHostsFiles ?? [join(ssh, 'known_hosts'), join(ssh, 'known_hosts2')]
  const agent = agentOf(options)
  const proxyCommand = spec.proxyJump === undefined ? (spec.proxyCommand ?? options.proxyCommand) : undefined
  const proxyJump = spec.proxyJump ?? (spec.proxyCommand === undefined ? options.proxyJump : undefined)
  return {
    host: spec.host,
    address,
    port,
    user,
    identityFiles: given.length > 0 ? given : DEFAULT_KEYS.map((name) => join(ssh, name)),
    identitiesGiven: given.length > 0,
    identitiesOnly: options.identitiesOnly,
    ...(agent !== undefined && agent !== '' && { agent: expand(agent) }),
    ...(proxyJump !== undefined && proxyJump !== 'none' && { proxyJump }),
    ...(proxyCommand !== undefined && { proxyCommand: expand(proxyCommand) }),
    knownHostsFiles: [...(spec.knownHostsFiles ?? []), ...userFiles, GLOBAL_KNOWN_HOSTS],
    keyName: options.hostKeyAlias ?? address,
    trustFile: userFiles[0] ?? join(ssh, 'known_hosts'),
    hashKnownHosts: options.hashKnownHosts,
    connectTimeoutMs: spec.connectTimeoutMs,
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
