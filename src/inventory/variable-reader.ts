import type { Diagnostic, Span } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
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
  const summary = `${name} is ${describe(value)}, but must be ${wanted}`
  reader.diagnostics.push(problem('inventory/wrong-type', summary, { ...spotOf(reader, name), hint }))
  return undefined
}

/** A text under the first of the names that is set. */
export function readText(reader: VariableReader, ...names: readonly string[]): string | undefined {
  const found = find(reader, names)
  if (!found) return undefined
  const [name, value] = found
  if (typeof value === 'string') return value
  const hint = typeof value === 'number' ? `quote it: "${value}"` : 'write a text'
  return refuse(reader, name, value, { wanted: 'a text', hint })
}

/** A whole number above 0 and up to `limit`. */
export function readNumber(
  reader: VariableReader,
  limit: number,
  ...names: readonly string[]
): number | undefined {
  const found = find(reader, names)
  if (!found) return undefined
  const [name, value] = found
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= limit) return value
  const isQuoted = typeof value === 'string' && /^\d+$/.test(value)
  const hint = isQuoted ? `write ${value} without quotes` : `write a number from 1 to ${limit}`
  return refuse(reader, name, value, { wanted: `a whole number from 1 to ${limit}`, hint })
}

export function readFlag(reader: VariableReader, name: string): boolean | undefined {
  const [, value] = find(reader, [name]) ?? []
  if (value === undefined || typeof value === 'boolean') return value
  return refuse(reader, name, value, { wanted: 'true or false', hint: 'write true or false, without quotes' })
}

/** A password: Secret already, or a text that came through a reference. */
export function readSecret(reader: VariableReader, ...names: readonly string[]): Secret | undefined {
  const found = find(reader, names)
  if (!found) return undefined
  const [name, value] = found
  if (value instanceof Secret) return value
  if (typeof value === 'string') return new Secret(value)
  return refuse(reader, name, value, { wanted: 'a text', hint: 'quote it' })
}

const SSH_NAMES = ['ssh', 'smart', 'paramiko', 'paramiko_ssh']

export function readKind(reader: VariableReader): 'ssh' | 'local' {
  const value = readText(reader, 'ansible_connection') ?? 'ssh'
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
