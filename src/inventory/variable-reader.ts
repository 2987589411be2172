import type { Diagnostic, Span } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { isSecretName } from '../lib/secret-names.ts'
import { Secret } from '../lib/secret.ts'
import { describe } from '../schema/explain.ts'
import { addressFault } from './address.ts'
import type { Value, Vars } from './inventory.ts'
import type { Layer } from './layout.ts'

export interface ConnectionInput {
  readonly host: string
  /** Folder of the inventory: relative key files are looked up from there. */
  readonly dir: string
  readonly vars: Vars
  /** Where each variable was written. */
  readonly written: Layer
}

/** Typed access to a host's variables; what has the wrong type becomes a diagnostic where it is written. */
export interface VariableReader extends ConnectionInput {
  readonly diagnostics: Diagnostic[]
}

export const variableReader = (input: ConnectionInput): VariableReader => ({ ...input, diagnostics: [] })

type Set = Exclude<Value, null>

/** The first of the names that is set. */
function find({ vars }: VariableReader, names: readonly string[]): readonly [string, Set] | undefined {
  for (const name of names) {
    const value = vars[name]
    if (value !== undefined && value !== null) return [name, value]
  }
  return undefined
}

/** Where a variable is written. */
export function spotOf({ written }: ConnectionInput, name: string): { readonly at?: Span } {
  const sourced = written.get(name)
  return sourced ? { at: sourced.source.where(sourced.path) } : {}
}

interface Wanted {
  readonly wanted: string
  readonly hint: string
}

function refuse(reader: VariableReader, name: string, value: Value, { wanted, hint }: Wanted): undefined {
  const shown = isSecretName(name) ? 'no text' : describe(value)
  const summary = `${name} is ${shown}, but must be ${wanted}`
  reader.diagnostics.push(problem('inventory/wrong-type', summary, { ...spotOf(reader, name), hint }))
  return undefined
}

/** A text under the first of the names that is set. */
export function readText(reader: VariableReader, ...names: readonly string[]): string | undefined {
  const found = find(reader, names)
  if (!found) return undefined
  const [name, value] = found
  if (typeof value === 'string') return value
  // As in Ansible: a number is its text.
  if (typeof value === 'number') return String(value)
  return refuse(reader, name, value, { wanted: 'a text', hint: 'write a text' })
}

/** A whole number above 0 and up to `limit`; digits in quotes are one, as in Ansible. */
export function readNumber(
  reader: VariableReader,
  limit: number,
  ...names: readonly string[]
): number | undefined {
  const found = find(reader, names)
  if (!found) return undefined
  const [name, value] = found
  const number = typeof value === 'string' && /^\s*\d{1,9}\s*$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number > 0 && number <= limit) return number
  const hint = `write a number from 1 to ${limit}`
  return refuse(reader, name, value, { wanted: `a whole number from 1 to ${limit}`, hint })
}

const YES = /^(?:y|yes|on|1|true|t)$/i
const NO = /^(?:n|no|off|0|false|f)$/i

/** True or false, in any of the words and numbers that Ansible takes for them. */
export function readFlag(reader: VariableReader, name: string): boolean | undefined {
  const [, value] = find(reader, [name]) ?? []
  if (value === undefined || typeof value === 'boolean') return value
  const word = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''
  if (YES.test(word)) return true
  if (NO.test(word)) return false
  return refuse(reader, name, value, { wanted: 'true or false', hint: 'write true or false' })
}

/** A password: Secret already, or a text that came through a reference. */
export function readSecret(reader: VariableReader, ...names: readonly string[]): Secret | undefined {
  const found = find(reader, names)
  if (!found) return undefined
  const [name, value] = found
  if (value instanceof Secret) return value
  if (typeof value === 'string' || typeof value === 'number') return new Secret(String(value))
  return refuse(reader, name, value, { wanted: 'a text', hint: 'put it in quotes' })
}

const SSH_NAMES = ['ssh', 'smart', 'paramiko', 'paramiko_ssh']

export function readKind(reader: VariableReader): 'ssh' | 'local' {
  const value = (readText(reader, 'ansible_connection') ?? 'ssh').trim().replace(/^ansible\.builtin\./, '')
  if (value === 'local') return 'local'
  if (!SSH_NAMES.includes(value)) {
    refuse(reader, 'ansible_connection', value, { wanted: 'ssh or local', hint: 'write ssh or local' })
  }
  return 'ssh'
}

export function readAddress(reader: VariableReader): string {
  const { host, vars } = reader
  const value = readText(reader, 'ansible_host', 'ansible_ssh_host') ?? host
  const fault = addressFault(value)
  if (fault !== undefined) {
    const name = vars['ansible_host'] === undefined ? 'ansible_ssh_host' : 'ansible_host'
    const hint = 'write an IPv4 or IPv6 address without a prefix, or a host name'
    const summary = `the address of ${host}, "${value}", ${fault}`
    reader.diagnostics.push(problem('inventory/address', summary, { ...spotOf(reader, name), hint }))
  }
  return value
}
