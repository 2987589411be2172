import { setMaxListeners } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { HactlError, problem } from '../../diag/diagnostic.ts'
import { formatDuration } from '../../lib/duration.ts'
import type { LabSpec, Progress } from '../driver.ts'
import { checkReplaceable, inventoryText } from '../inventory-file.ts'
import { MAX_NODES, addressesOf, checkLabName, checkNodeNames } from '../names.ts'
import { sshCommonArgs, writeKnownHosts } from './access.ts'
import { checkRoot, ensureMachineId, raiseInotify } from './host.ts'
import { RELEASES, baseImage, dateOptions } from './image.ts'
import { mayAnswer } from './inject.ts'
import { packageLayer } from './layer.ts'
import { withLock } from './lock.ts'
import { applyRules, makeNetwork } from './network.ts'
import { createNode, makeKey, startNode, waitForSsh } from './node.ts'
import type { Furniture } from './node.ts'
import { ensureProxy, ensureRelay } from './packages.ts'
import { labPaths } from './paths.ts'
import { hostSources, nodeList, originsOf } from './sources.ts'
import { labNames, readRecord, writeRecord } from './state.ts'
import type { LabRecord } from './state.ts'
import { exists } from './teardown.ts'

function checkSpec(spec: LabSpec): void {
  checkRoot()
  checkLabName(spec.name)
  checkNodeNames(spec.nodes)
  if (!RELEASES.some((release) => release === spec.release)) {
    throw new HactlError(
      problem('lab/bad-release', `the lab has no release "${spec.release}"`, {
        hint: `releases: ${RELEASES.join(', ')}`,
      }),
    )
  }
  const before = readRecord(spec.name)
  if (before === undefined && exists(spec.name)) {
    throw new HactlError(
      problem('lab/left-over', `parts of a lab "${spec.name}" exist, but not its record`, {
        hint: `hactl lab down ${spec.name}`,
      }),
    )
  }
  const same = (a: readonly string[], b: readonly string[]): boolean =>
    a.toSorted().join() === b.toSorted().join()
  if (before !== undefined && (before.release !== spec.release || !same(before.packages, spec.packages))) {
    const has = [before.release, ...before.packages].join(' with ')
    throw new HactlError(
      problem('lab/different', `lab "${spec.name}" exists with ${has}`, {
        hint: `hactl lab down ${spec.name}, or another --name`,
      }),
    )
  }
}

/** The nodes that exist keep their addresses; new ones get the next. */
function mergeNodes(before: LabRecord | undefined, spec: LabSpec): LabRecord['nodes'] {
  const kept = before?.nodes ?? []
  const fresh = spec.nodes.filter((name) => !kept.some((node) => node.name === name))
  const isWitness = (name: string): boolean => spec.witnesses?.includes(name) ?? false
  return [...kept, ...fresh.map((name, at) => ({ name, index: kept.length + at, witness: isWitness(name) }))]
}

function writeInventory(record: LabRecord): void {
  const text = inventoryText({
    lab: record.name,
    nodes: record.nodes.map((node) => ({ ...node, addresses: addressesOf(node.index) })),
    keyFile: labPaths(record.name).key,
    sshArgs: sshCommonArgs(record.name),
    ...(record.vars === undefined ? {} : { vars: record.vars }),
  })
  checkReplaceable(record.inventory, record.name)
  mkdirSync(dirname(record.inventory), { recursive: true })
  writeFileSync(record.inventory, text)
}

/** What this machine's apt says that nodes of a release need to know. */
export async function furnitureOf(release: string): Promise<Furniture> {
  return { sources: nodeList(hostSources(release)), aptOptions: await dateOptions() }
}

async function layersOf(
  spec: LabSpec,
  furniture: Furniture,
  progress: Progress,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const dir = await baseImage(spec.release, progress, signal)
  if (spec.packages.length === 0) return [dir]
  const layer = await packageLayer({ dir, release: spec.release, furniture }, spec.packages, progress, signal)
  return [layer, dir]
}

/** Makes and starts what is not there yet, and waits until it answers. */
export async function bringUp(
  record: LabRecord,
  furniture: Furniture,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const lab = record.name
  const start = performance.now()
  await makeKey(labPaths(lab).key, `hactl-lab-${lab}`)
  await makeNetwork(lab)
  await Promise.all(record.nodes.map((node) => createNode(record, node, furniture)))
  writeKnownHosts(record)
  writeInventory(record)
  await applyRules(
    lab,
    record.faults,
    record.nodes.map((node) => node.name),
  )
  const off = record.faults.filter((fault) => fault.fault === 'power-off').flatMap((fault) => fault.nodes)
  await Promise.all(
    record.nodes.filter((node) => !off.includes(node.name)).map((node) => startNode(record, node)),
  )
  const answering = record.nodes.filter((node) => mayAnswer(record, node.name))
  await Promise.all([ensureRelay(lab), ...answering.map((node) => waitForSsh(lab, node, signal))])
  const names =
    answering.length > 5 ? `${answering.length} nodes` : answering.map((node) => node.name).join(', ')
  progress(`${names || 'no node'}: ssh answers after ${formatDuration(performance.now() - start)}`)
}

/** Makes a lab or continues a half-made one. */
export async function upLab(spec: LabSpec, progress: Progress, signal?: AbortSignal): Promise<LabRecord> {
  checkSpec(spec)
  // Every node's programs listen to it at the same time.
  if (signal) setMaxListeners(10 * MAX_NODES, signal)
  const file = spec.inventoryDir === undefined ? undefined : resolve(join(spec.inventoryDir, 'inventory.yml'))
  if (file !== undefined) checkReplaceable(file, spec.name)
  const others = labNames()
    .filter((name) => name !== spec.name)
    .flatMap((name) => readRecord(name)?.nodes ?? [])
  raiseInotify(others.length + spec.nodes.length, progress)
  await ensureMachineId(progress)
  const furniture = await furnitureOf(spec.release)
  await ensureProxy(originsOf(hostSources(spec.release)))
  const lower = await layersOf(spec, furniture, progress, signal)
  return withLock(spec.name, { progress, ...(signal ? { signal } : {}) }, async () => {
    checkSpec(spec)
    const before = readRecord(spec.name)
    const vars = spec.vars ?? before?.vars
    const record: LabRecord = {
      name: spec.name,
      release: spec.release,
      packages: spec.packages,
      lower: before?.lower ?? lower,
      nodes: mergeNodes(before, spec),
      inventory: file ?? before?.inventory ?? labPaths(spec.name).inventory,
      ...(vars === undefined ? {} : { vars }),
      faults: before?.faults ?? [],
    }
    writeRecord(record)
    // A `down` of the last other lab may have ended it meanwhile.
    await ensureProxy(originsOf(hostSources(spec.release)))
    await bringUp(record, furniture, progress, signal)
    return record
  })
}
