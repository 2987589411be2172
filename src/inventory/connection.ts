import { homedir } from 'node:os'
import { resolve } from 'node:path'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import { describe } from '../schema/explain.ts'
import type { ConnectionSpec } from '../transport/transport.ts'
import { type SshArgs, parseSshArgs } from './ssh-args.ts'
import {
  type ConnectionInput,
  type VariableReader,
  readAddress,
  readFlag,
  readKind,
  readNumber,
  readSecret,
  readText,
  spotOf,
  variableReader,
} from './variable-reader.ts'

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
  const reader = variableReader(input)
  const seconds = readNumber(reader, 3600, 'ansible_ssh_timeout', 'ansible_timeout')
  const connection: ConnectionSpec = {
    host: input.host,
    kind: readKind(reader),
    address: readAddress(reader),
    become: readFlag(reader, 'ansible_become') ?? false,
    becomeUser: readText(reader, 'ansible_become_user') ?? 'root',
    connectTimeoutMs: seconds === undefined ? DEFAULT_CONNECT_TIMEOUT_MS : seconds * 1000,
    ...sshArgs(reader),
    ...withoutUndefined({
      port: readNumber(reader, 65_535, 'ansible_port', 'ansible_ssh_port'),
      user: readText(reader, 'ansible_user', 'ansible_ssh_user'),
      privateKeyFile: keyFile(reader),
      password: readSecret(reader, 'ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password'),
      becomePassword: readSecret(
        reader,
        'ansible_become_password',
        'ansible_become_pass',
        'ansible_sudo_pass',
      ),
    }),
  }
  return { connection, diagnostics: [...reader.diagnostics, ...strangers(input), ...becomeMethod(reader)] }
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

const withoutUndefined = <T extends object>(values: T): Defined<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>

function keyFile(reader: VariableReader): string | undefined {
  const file = readText(reader, 'ansible_ssh_private_key_file', 'ansible_private_key_file')
  return file === undefined ? undefined : localPath(reader.dir, file)
}

const localPath = (dir: string, file: string): string =>
  file.startsWith('~/') ? resolve(homedir(), file.slice(2)) : resolve(dir, file)

/** What the `ansible_ssh_*_args` say, in the terms of a connection; the rest is a warning. */
function sshArgs(reader: VariableReader): SshArgs['spec'] {
  let spec: SshArgs['spec'] = {}
  for (const name of ['ansible_ssh_common_args', 'ansible_ssh_extra_args']) {
    const parsed = parseSshArgs(readText(reader, name) ?? '')
    spec = { ...spec, ...parsed.spec }
    if (parsed.ignored.length === 0) continue
    const summary = `${name}: ${parsed.ignored.join(', ')} has no effect in hactl`
    const hint =
      'hactl acts on -o ProxyCommand=, -o ProxyJump=, -J, -o UserKnownHostsFile=, -o IdentityFile= and -i'
    const warning = problem('inventory/ssh-args', summary, { ...spotOf(reader, name), hint })
    reader.diagnostics.push({ ...warning, severity: 'warning' })
  }
  const { privateKeyFile, knownHostsFiles, ...rest } = spec
  return {
    ...rest,
    ...(privateKeyFile !== undefined && { privateKeyFile: localPath(reader.dir, privateKeyFile) }),
    ...(knownHostsFiles && { knownHostsFiles: knownHostsFiles.map((file) => localPath(reader.dir, file)) }),
  }
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

function becomeMethod(reader: VariableReader): Diagnostic[] {
  const method = reader.vars['ansible_become_method']
  if (method === undefined || method === 'sudo' || method === 'ansible.builtin.sudo') return []
  const summary = `ansible_become_method is ${describe(method)}: hactl only knows sudo`
  const hint = 'write sudo, or remove the line'
  return [problem('inventory/become-method', summary, { ...spotOf(reader, 'ansible_become_method'), hint })]
}
