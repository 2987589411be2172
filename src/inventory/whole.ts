import type { Diagnostic } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'
import { suggest } from '../lib/suggest.ts'
import { PASSWORD_VARIABLES } from './connection.ts'
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
      if (typeof sourced?.value !== 'string' || hasReference(sourced.value)) continue
      const secret = new Secret(sourced.value)
      secrets.push(secret)
      layer.set(name, { ...sourced, value: secret })
      const hint = `move it: \`hactl secrets edit\`, then write ${name}: "{{ secrets.${name} }}"`
      const at = sourced.source.where(sourced.path, 'key')
      const plain = problem('inventory/plain-password', `${name} stands in clear text`, { at, hint })
      diagnostics.push({ ...plain, severity: 'warning' })
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
      found.push(...findExpressions(sourced), ...badName(name, sourced, reserved))
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
