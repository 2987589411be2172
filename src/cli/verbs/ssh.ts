import { spawn } from 'node:child_process'
import type { Command } from 'commander'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { suggest } from '../../lib/suggest.ts'
import { Dialer } from '../../transport/ssh-dial.ts'
import type { ConnectionSpec } from '../../transport/transport.ts'
import { inventoryFile, withInventory } from '../options.ts'
import { openTargets } from '../../app/target.ts'
import { terminal } from '../caller.ts'

interface Options {
  readonly inventory?: string
  readonly secretsKey?: string
}

/** The arguments that make OpenSSH's client connect as hactl does; the rest it reads from ssh_config itself. */
export function sshArguments(
  spec: ConnectionSpec,
  knownHosts: readonly string[],
  command: readonly string[],
): string[] {
  const known = knownHosts.map((file) => `"${file}"`).join(' ')
  return [
    '-o',
    'StrictHostKeyChecking=yes',
    '-o',
    `ConnectTimeout=${Math.ceil(spec.connectTimeoutMs / 1000)}`,
    '-o',
    `UserKnownHostsFile=${known}`,
    ...(spec.port === undefined ? [] : ['-p', String(spec.port)]),
    ...(spec.user === undefined ? [] : ['-l', spec.user]),
    ...(spec.privateKeyFile === undefined ? [] : ['-i', spec.privateKeyFile]),
    ...(spec.proxyJump === undefined ? [] : ['-J', spec.proxyJump]),
    ...(spec.proxyCommand === undefined ? [] : ['-o', `ProxyCommand=${spec.proxyCommand}`]),
    '--',
    spec.address,
    ...command,
  ]
}

function missing(error: NodeJS.ErrnoException, program: string): HactlError {
  const summary =
    error.code === 'ENOENT' ? `${program} is not installed here` : `${program}: ${error.message}`
  return new HactlError(problem('cli/no-ssh', summary, { hint: 'apt-get install openssh-client' }))
}

async function findHost(name: string, options: Options): Promise<ConnectionSpec> {
  const [target] = await openTargets(inventoryFile(undefined, options), options, terminal())
  const names = [...(target?.inventory.hosts.keys() ?? [])]
  const host = target?.inventory.hosts.get(name)
  if (host) return host.connection
  const close = suggest(name, names)
  const hint = close ? `did you mean "${close}"?` : `hosts: ${names.join(', ')}`
  throw new HactlError(problem('inventory/no-such-host', `the inventory has no host "${name}"`, { hint }))
}

async function ssh(name: string, command: readonly string[], options: Options): Promise<void> {
  const spec = await findHost(name, options)
  const { knownHostsFiles } = new Dialer().target(spec)
  const shell = process.env['SHELL'] ?? 'sh'
  const here = command.length > 0 ? ['-c', command.join(' ')] : []
  const [program, args] =
    spec.kind === 'local' ? [shell, here] : ['ssh', sshArguments(spec, knownHostsFiles, command)]
  process.exitCode = await new Promise<number>((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' })
    child.on('error', (error: NodeJS.ErrnoException) => reject(missing(error, program)))
    child.on('close', (code) => resolve(code ?? EXIT.interrupted))
  })
}

/** `hactl ssh HOST [-- COMMAND]`: OpenSSH's own client with the settings of the inventory; its exit code. */
export function configure(command: Command): void {
  withInventory(
    command.argument('<host>', 'a host of the inventory').argument('[command...]', 'instead of a shell'),
  )
    .option('--secrets-key <file>', 'the age key of the encrypted secrets')
    .action(ssh)
}
