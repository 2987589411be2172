import type { Diagnostic } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'
import { suggest } from '../lib/suggest.ts'
import { Literal } from '../schema/yaml.ts'
import { PASSWORD_VARIABLES } from './connection.ts'
import { isOurs } from './hosts.ts'
import type { Inventory } from './inventory.ts'
import type { Layout, MutableLayer, Sourced } from './layout.ts'
import type { FileLayers } from './merge.ts'
import { findExpressions, hasReference } from './references.ts'

/** Every place where variables are written. */
const allLayers = (layout: Layout, files: FileLayers): readonly MutableLayer[] => [
  ...[...layout.groups.values(), ...layout.hosts.values()].map((each) => each.vars),
  ...files.groups.values(),
  ...files.hosts.values(),
]

/** A password as it was written: a text that is no template, or a number. */
function plainOf(value: unknown): string | undefined {
  if (value instanceof Literal) return value.text
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && !hasReference(value) ? value : undefined
}

/** Turns passwords that stand in clear text into Secrets, in place, and warns about each. */
export function hidePasswords(
  layout: Layout,
  files: FileLayers,
): { readonly secrets: readonly Secret[]; readonly diagnostics: readonly Diagnostic[] } {
  const secrets: Secret[] = []
  const diagnostics: Diagnostic[] = []
  for (const layer of allLayers(layout, files)) {
    for (const name of PASSWORD_VARIABLES) {
      const sourced = layer.get(name)
      const plain = plainOf(sourced?.value)
      if (!sourced || plain === undefined) continue
      const secret = new Secret(plain)
      secrets.push(secret)
      layer.set(name, { ...sourced, value: secret })
      const hint = `move it: \`hactl secrets edit\`, then write ${name}: "{{ secrets.${name} }}"`
      const at = sourced.source.where(sourced.path, 'key')
      const open = problem('inventory/plain-password', `${name} stands in clear text`, { at, hint })
      diagnostics.push({ ...open, severity: 'warning' })
    }
  }
  return { secrets, diagnostics }
}

export interface WholeInput {
  readonly layout: Layout
  readonly files: FileLayers
  readonly inventory: Inventory
  /** Variables that hactl itself sets. */
  readonly reserved: readonly string[]
}

/** What is wrong with the inventory as a whole. */
export function checkWhole({ layout, files, inventory, reserved }: WholeInput): Diagnostic[] {
  const found: Diagnostic[] = []
  const seen = new Set<Sourced['value']>()
  for (const layer of allLayers(layout, files)) {
    for (const [name, sourced] of layer) {
      // A host range gives many hosts one and the same value.
      if (typeof sourced.value === 'object' && seen.has(sourced.value)) continue
      seen.add(sourced.value)
      found.push(...expressions(name, sourced), ...badName(name, sourced, reserved))
    }
  }
  for (const host of layout.hosts.values()) {
    const sourced = host.vars.get('cluster') ?? files.hosts.get(host.name)?.get('cluster')
    if (sourced) found.push(onHost(host.name, sourced))
    if (!layout.groups.has(host.name)) continue
    const hint = 'rename the host or the group: a pattern could mean either'
    const clash = problem('inventory/name-clash', `"${host.name}" is both a host and a group`, {
      at: host.at,
      hint,
    })
    found.push({ ...clash, severity: 'warning' })
  }
  const isReadable = layout.diagnostics.every((each) => each.severity !== 'error')
  if (inventory.hosts.size === 0 && isReadable) {
    const hint = 'add hosts below a group: hosts: { pg1: { ansible_host: 10.0.0.11 } }'
    const at = { file: inventory.file, line: 1, col: 1 }
    found.push(problem('inventory/no-hosts', 'the inventory has no hosts', { at, hint }))
  }
  return found
}

/**
 * Expressions in `cluster` are errors. In a variable of the user's own they are warnings: it has no value here. Those in
 * variables of a connection are told of the host that has them.
 */
function expressions(name: string, sourced: Sourced): Diagnostic[] {
  const found = findExpressions(sourced)
  if (name === 'cluster') return found
  return isOurs(name) ? [] : found.map((each) => ({ ...each, severity: 'warning' }))
}

function badName(name: string, { source, path }: Sourced, reserved: readonly string[]): Diagnostic[] {
  const at = source.where(path, 'key')
  if (reserved.includes(name)) {
    const hint = `rename the variable: "${name}" comes from ${name}.age.yml`
    return [problem('inventory/reserved', `the variable "${name}" is hactl's own`, { at, hint })]
  }
  const isNear = name !== 'cluster' && name !== 'clusters' && suggest(name, ['cluster']) === 'cluster'
  if (isNear || name === 'clusters') {
    return [
      problem('inventory/unknown-variable', `"${name}" describes no cluster`, {
        at,
        hint: 'did you mean "cluster"?',
      }),
    ]
  }
  return []
}

const onHost = (name: string, { source, path }: Sourced): Diagnostic =>
  problem('inventory/cluster-on-host', `the host "${name}" carries a "cluster" of its own`, {
    at: source.where(path, 'key'),
    hint: 'move it to a group (all.vars, or group_vars/all.yml): a cluster belongs to all its hosts',
  })
