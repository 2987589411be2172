import { homedir } from 'node:os'
import { resolve } from 'node:path'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import { describe } from '../schema/explain.ts'
import type { ConnectionSpec } from '../transport/transport.ts'
import { parseSshArgs } from './ssh-args.ts'
import { type ConnectionInput, type VariableReader, variableReader } from './variable-reader.ts'

/** Variables that hold a password; their values become Secrets. */
export const PASSWORD_VARIABLES: readonly string[] = [
  'ansible_password',
  'ansible_ssh_pass',
  'ansible_ssh_password',
  'ansible_become_password',
  'ansible_become_pass',
  'ansible_sudo_pass',
]

const UNDERSTOOD: readonly string[] = [
  ...PASSWORD_VARIABLES,
  'ansible_host',
  'ansible_ssh_host',
  'ansible_port',
  'ansible_ssh_port',
  'ansible_user',
  'ansible_ssh_user',
  'ansible_connection',
  'ansible_ssh_private_key_file',
  'ansible_private_key_file',
  'ansible_become',
  'ansible_become_user',
  'ansible_become_method',
  'ansible_ssh_common_args',
  'ansible_ssh_extra_args',
  'ansible_ssh_timeout',
  'ansible_timeout',
  'ansible_group_priority',
]

/** Ansible's own that change nothing for hactl. */
const HARMLESS =
  /^ansible_(?:python_interpreter|ssh_pipelining|pipelining|shell_\w+|remote_tmp|.*_interpreter)$/

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000

/** How to reach a host, from its `ansible_*` variables; a problem stands where the variable is written. */
export function connectionOf(input: ConnectionInput): {
  readonly connection: ConnectionSpec
  readonly diagnostics: readonly Diagnostic[]
} {
  const read = variableReader(input)
  const args = sshArgs(input, read)
  const user = read.text('ansible_user', 'ansible_ssh_user')
  const keyFile = read.text('ansible_ssh_private_key_file', 'ansible_private_key_file') ?? args.privateKeyFile
  const port = read.number('ansible_port', 'ansible_ssh_port')
  const password = read.secret('ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password')
  const becomePassword = read.secret('ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass')
  const seconds = read.number('ansible_ssh_timeout', 'ansible_timeout')
  const connection: ConnectionSpec = {
    host: input.host,
    kind: read.kind(),
    address: read.address(),
    ...(port !== undefined && { port }),
    ...(user !== undefined && { user }),
    ...(keyFile !== undefined && { privateKeyFile: localPath(input.dir, keyFile) }),
    ...(password !== undefined && { password }),
    become: read.flag('ansible_become') ?? false,
    becomeUser: read.text('ansible_become_user') ?? 'root',
    ...(becomePassword !== undefined && { becomePassword }),
    ...(args.knownHostsFiles && {
      knownHostsFiles: args.knownHostsFiles.map((file) => localPath(input.dir, file)),
    }),
    ...(args.proxyJump !== undefined && { proxyJump: args.proxyJump }),
    ...(args.proxyCommand !== undefined && { proxyCommand: args.proxyCommand }),
    connectTimeoutMs: seconds === undefined ? DEFAULT_CONNECT_TIMEOUT_MS : seconds * 1000,
  }
  return { connection, diagnostics: [...read.diagnostics, ...strangers(input), ...becomeMethod(read)] }
}

const localPath = (dir: string, file: string): string =>
  file.startsWith('~/') ? resolve(homedir(), file.slice(2)) : resolve(dir, file)

function sshArgs(input: ConnectionInput, read: VariableReader): ReturnType<typeof parseSshArgs>['spec'] {
  let spec: ReturnType<typeof parseSshArgs>['spec'] = {}
  for (const name of ['ansible_ssh_common_args', 'ansible_ssh_extra_args']) {
    const parsed = parseSshArgs(read.text(name) ?? '')
    spec = { ...spec, ...parsed.spec }
    const sourced = input.written.get(name)
    if (parsed.ignored.length === 0 || !sourced) continue
    const summary = `${name}: ${parsed.ignored.join(', ')} has no effect in hactl`
    const hint =
      'hactl acts on -o ProxyCommand=, -o ProxyJump=, -J, -o UserKnownHostsFile=, -o IdentityFile= and -i'
    const at = sourced.source.where(sourced.path)
    read.diagnostics.push({ ...problem('inventory/ssh-args', summary, { at, hint }), severity: 'warning' })
  }
  return spec
}

/** `ansible_hots`: close to a name that hactl acts on, but not it. */
function strangers({ written }: ConnectionInput): Diagnostic[] {
  return [...written].flatMap(([name, { source, path }]) => {
    if (!name.startsWith('ansible_') || UNDERSTOOD.includes(name) || HARMLESS.test(name)) return []
    const guess = suggest(name, UNDERSTOOD)
    if (guess === undefined) return []
    const more = { at: source.where(path, 'key'), hint: `did you mean "${guess}"?` }
    return [problem('inventory/unknown-variable', `"${name}" has no effect`, more)]
  })
}

function becomeMethod(read: VariableReader): Diagnostic[] {
  const method = read.vars['ansible_become_method']
  const sourced = read.written.get('ansible_become_method')
  if (method === undefined || method === 'sudo' || !sourced) return []
  const at = sourced.source.where(sourced.path)
  const summary = `ansible_become_method is ${describe(method)}: hactl only knows sudo`
  return [problem('inventory/become-method', summary, { at, hint: 'write sudo, or remove the line' })]
}
