import { HactlError, problem } from '../diag/diagnostic.ts'
import type { Cluster, Host, Inventory } from '../inventory/inventory.ts'
import { openInventory } from '../inventory/load.ts'
import { matchHosts } from '../inventory/pattern.ts'
import { suggest } from '../lib/suggest.ts'
import { masker } from '../lib/secret.ts'
import { STACKS } from '../stacks/index.ts'
import { clusterVariable } from '../stacks/variable.ts'
import type { Stack } from '../stacks/stack.ts'
import type { Scope } from '../template/template.ts'
import type { Caller } from './caller.ts'

export interface TargetOptions {
  readonly limit?: string
  readonly cluster?: string
  readonly secretsKey?: string
  /** The stacks there are; default: the list. */
  readonly stacks?: readonly Stack[]
}

/** What a verb works on: one cluster of an inventory, or all its hosts. */
export interface Target {
  readonly inventory: Inventory
  readonly cluster?: Cluster
  readonly stack?: Stack
  /** The hosts that `--limit` leaves. */
  readonly hosts: readonly Host[]
  /** Variables that every task sees. */
  readonly vars: Scope
}

/** Loads an inventory; its warnings go to the caller. Throws HactlError (exit 2) with everything that is wrong. */
export async function openTargets(
  file: string,
  options: TargetOptions,
  { ask, warn }: Caller,
): Promise<readonly Target[]> {
  const secrets = {
    ...(options.secretsKey !== undefined && { keyFile: options.secretsKey }),
    ...(ask && { ask }),
  }
  const stacks = options.stacks ?? STACKS
  const { inventory, diagnostics } = await openInventory(file, { stacks, secrets })
  if (diagnostics.length > 0) await warn(diagnostics, masker(inventory.secrets))
  const chosen = limitOf(inventory, options.limit)
  if (inventory.clusters.length === 0) {
    return [
      { inventory, hosts: [...inventory.hosts.values()].filter((host) => chosen.has(host.name)), vars: {} },
    ]
  }
  return clustersOf(inventory, options.cluster).map((cluster) =>
    clusterTarget(inventory, cluster, { stacks, chosen }),
  )
}

const noCluster = (file: string): HactlError =>
  new HactlError(
    problem('inventory/no-cluster', `${file} has no "cluster" variable`, {
      hint: 'hactl init STACK writes an example',
    }),
  )

/** The clusters of an inventory. Throws HactlError when it has none. */
export async function openClusters(
  file: string,
  options: TargetOptions,
  caller: Caller,
): Promise<readonly Target[]> {
  const targets = (await openTargets(file, options, caller)).filter(({ cluster }) => cluster)
  if (targets.length === 0) throw noCluster(file)
  return targets
}

/** The one cluster of an inventory; with several, `--cluster` must name it. */
export async function openCluster(
  file: string,
  options: TargetOptions,
  caller: Caller,
): Promise<Required<Target>> {
  const targets = await openTargets(file, options, caller)
  const [only] = targets
  if (targets.length > 1) {
    const names = targets.map((target) => target.cluster?.name).join(', ')
    throw new HactlError(
      problem('cli/which-cluster', `the inventory has ${targets.length} clusters: ${names}`, {
        hint: 'choose one with --cluster NAME',
      }),
    )
  }
  if (!only?.cluster || !only.stack) throw noCluster(file)
  return { ...only, cluster: only.cluster, stack: only.stack }
}

function limitOf(inventory: Inventory, limit: string | undefined): ReadonlySet<string> {
  if (limit === undefined) return new Set(inventory.hosts.keys())
  const { hosts, diagnostics } = matchHosts(inventory, limit)
  if (diagnostics.length > 0) throw new HactlError(diagnostics)
  return new Set(hosts)
}

function clustersOf(inventory: Inventory, name: string | undefined): readonly Cluster[] {
  if (name === undefined) return inventory.clusters
  const found = inventory.clusters.filter((cluster) => cluster.name === name)
  if (found.length > 0) return found
  const names = inventory.clusters.map((cluster) => cluster.name)
  const close = suggest(name, names)
  const hint = close ? `did you mean "${close}"?` : `clusters: ${names.join(', ')}`
  throw new HactlError(
    problem('inventory/no-such-cluster', `the inventory has no cluster "${name}"`, { hint }),
  )
}

interface Choice {
  readonly stacks: readonly Stack[]
  readonly chosen: ReadonlySet<string>
}

function clusterTarget(inventory: Inventory, cluster: Cluster, { stacks, chosen }: Choice): Target {
  const stack = stacks.find((each) => each.name === cluster.stack)
  if (!stack) throw new Error(`stack ${cluster.stack} passed the schema and does not exist`)
  const vars = { cluster: clusterVariable(stack, cluster) }
  return { inventory, cluster, stack, hosts: cluster.hosts.filter((host) => chosen.has(host.name)), vars }
}
