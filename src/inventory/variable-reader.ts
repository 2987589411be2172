import type { Diagnostic } from '../diag/diagnostic.ts'
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

export type VariableReader = ReturnType<typeof variableReader>

/** Typed access to variables; the first name that is set wins. */
export function variableReader({ host, vars, written }: ConnectionInput) {
  const diagnostics: Diagnostic[] = []
  const find = (names: readonly string[]): readonly [string, Exclude<Value, null>] | undefined => {
    const name = names.find((each) => vars[each] !== undefined && vars[each] !== null)
    return name === undefined ? undefined : [name, vars[name] as Exclude<Value, null>]
  }
  const wrong = (name: string, value: Value, wanted: string, hint: string): undefined => {
    const sourced = written.get(name)
    const at = sourced && { at: sourced.source.where(sourced.path) }
    diagnostics.push(
      problem('inventory/wrong-type', `${name} is ${describe(value)}, but must be ${wanted}`, {
        ...at,
        hint,
      }),
    )
    return undefined
  }
  const text = (...names: readonly string[]): string | undefined => {
    const found = find(names)
    if (!found) return undefined
    const [name, value] = found
    if (typeof value === 'string') return value
    return wrong(name, value, 'a text', typeof value === 'number' ? `quote it: "${value}"` : 'write a text')
  }
  const number = (...names: readonly string[]): number | undefined => {
    const found = find(names)
    if (!found) return undefined
    const [name, value] = found
    const isPort = name.endsWith('_port')
    const inRange = Number.isInteger(value) && Number(value) > 0 && (!isPort || Number(value) < 65_536)
    if (typeof value === 'number' && inRange) return value
    const hint =
      typeof value === 'string' && /^\d+$/.test(value) ? `write ${value} without quotes` : 'e.g. 22'
    return wrong(name, value, isPort ? 'a port number from 1 to 65535' : 'a number of seconds', hint)
  }
  const flag = (name: string): boolean | undefined => {
    const value = vars[name]
    if (value === undefined || value === null || typeof value === 'boolean') return value ?? undefined
    return wrong(name, value, 'true or false', 'write true or false, without quotes')
  }
  const secret = (...names: readonly string[]): Secret | undefined => {
    const found = find(names)
    if (!found) return undefined
    const [name, value] = found
    if (value instanceof Secret) return value
    if (typeof value === 'string') return new Secret(value)
    return wrong(name, value, 'a text', 'quote it')
  }
  const kind = (): 'ssh' | 'local' => {
    const value = text('ansible_connection') ?? 'ssh'
    if (value === 'local') return 'local'
    if (!['ssh', 'smart', 'paramiko', 'paramiko_ssh'].includes(value)) {
      wrong('ansible_connection', value, 'ssh or local', 'write ssh or local')
    }
    return 'ssh'
  }
  const address = (): string => {
    const value = text('ansible_host', 'ansible_ssh_host') ?? host
    const fault = addressFault(value)
    const name = vars['ansible_host'] === undefined ? 'ansible_ssh_host' : 'ansible_host'
    if (fault !== undefined) {
      const sourced = written.get(name)
      const at = sourced && { at: sourced.source.where(sourced.path) }
      const hint = 'write an IPv4 or IPv6 address without a prefix, or a host name'
      diagnostics.push(
        problem('inventory/address', `the address of ${host}, "${value}", ${fault}`, { ...at, hint }),
      )
    }
    return value
  }
  return { diagnostics, text, number, flag, secret, kind, address, written, vars }
}
