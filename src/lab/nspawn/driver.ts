import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { HactlError, problem } from '../../diag/diagnostic.ts'
import { formatDuration } from '../../lib/duration.ts'
import type { Driver, FaultRequest, LabSpec, LabState, Progress } from '../driver.ts'
import { FAULTS, checkFault, describeFault } from '../faults.ts'
import { checkReplaceable, inventoryText } from '../inventory-file.ts'
import { addressesOf, checkLabName, checkNodeNames } from '../names.ts'
import { sshArgv, sshCommonArgs, writeKnownHosts } from './access.ts'
import { checkRoot, missingPackages, raiseInotify } from './host.ts'
import { RELEASES, baseImage, dateOptions } from './image.ts'
import { healFaults, injectFault, mayAnswer, takeBack } from './inject.ts'
import { packageLayer } from './layer.ts'
import { withLock } from './lock.ts'
import { applyRules, makeNetwork } from './network.ts'
import { createNode, discardDisk, makeKey, powerOff, startNode, stateOf, waitForSsh } from './node.ts'
import type { Furniture } from './node.ts'
import { ensureProxy, ensureRelay } from './packages.ts'
import { clientNetns, inNetns, labPaths } from './paths.ts'
import { hostSources, nodeList, originsOf } from './sources.ts'
import { labNames, readRecord, writeRecord } from './state.ts'
import type { LabRecord } from './state.ts'
import { exists, removeLab, stopProxyAfterLast } from './teardown.ts'

const toState = (record: LabRecord): LabState => ({
  name: record.name,
  driver: 'nspawn',
  release: record.release,
  nodes: record.nodes.map(({ name, index }) => ({
    name,
    addresses: addressesOf(index),
    state: stateOf(record.name, name),
  })),
  inventory: record.inventory,
  faults: record.faults.map(describeFault),
})

function needRecord(lab: string): LabRecord {
  const record = readRecord(lab)
  if (record !== undefined) return record
  const others = labNames().filter((name) => !name.includes('.'))
  throw new HactlError(
    problem('lab/unknown', `there is no lab "${lab}"`, {
      hint:
        others.length === 0
          ? `hactl lab up --name ${lab}`
          : `labs: ${others.join(', ')}; choose one with --name`,
    }),
  )
}

function pickNodes(record: LabRecord, names: readonly string[]): readonly string[] {
  const known = record.nodes.map((node) => node.name)
  for (const name of names) {
    if (!known.includes(name))
      throw new HactlError(
        problem('lab/unknown-node', `lab ${record.name} has no node "${name}"`, {
          hint: `nodes: ${known.join(', ')}`,
        }),
      )
  }
  return names.length === 0 ? known : names
}

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

async function furnitureOf(release: string): Promise<Furniture> {
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

async function bringUp(
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
  const names = answering.map((node) => node.name).join(', ')
  progress(`${names || 'no node'}: answer on ssh after ${formatDuration(performance.now() - start)}`)
}

async function up(spec: LabSpec, progress: Progress, signal?: AbortSignal): Promise<LabState> {
  checkSpec(spec)
  const file = spec.inventoryDir === undefined ? undefined : resolve(join(spec.inventoryDir, 'inventory.yml'))
  if (file !== undefined) checkReplaceable(file, spec.name)
  const others = labNames()
    .filter((name) => name !== spec.name)
    .flatMap((name) => readRecord(name)?.nodes ?? [])
  raiseInotify(others.length + spec.nodes.length, progress)
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
    return toState(record)
  })
}

async function down(name: string, progress: Progress): Promise<void> {
  checkRoot()
  if (!exists(name)) {
    progress(`there is no lab "${name}"`)
    return
  }
  await withLock(name, { progress }, () => removeLab(name))
  await stopProxyAfterLast()
  progress(`lab "${name}" is removed`)
}

async function reset(name: string, nodes: readonly string[], progress: Progress): Promise<void> {
  checkRoot()
  await withLock(name, { progress }, async () => {
    const record = needRecord(name)
    const chosen = pickNodes(record, nodes)
    const healed = {
      ...record,
      faults: record.faults.filter((fault) => !fault.nodes.some((node) => chosen.includes(node))),
    }
    await Promise.all(chosen.map((node) => powerOff(name, node).then(() => discardDisk(name, node))))
    writeRecord(healed)
    await ensureProxy(originsOf(hostSources(record.release)))
    await bringUp(healed, await furnitureOf(record.release), progress)
  })
}

async function inject(name: string, request: FaultRequest): Promise<void> {
  checkRoot()
  await withLock(name, {}, async () => {
    const record = needRecord(name)
    const { kind, ...fault } = checkFault(
      request,
      record.nodes.map((node) => node.name),
    )
    const powered = (other: FaultRequest): boolean =>
      fault.fault === 'power-on' && other.fault === 'power-off'
    const standing = record.faults
      .map((other) =>
        powered(other)
          ? { ...other, nodes: other.nodes.filter((node) => !fault.nodes.includes(node)) }
          : other,
      )
      .filter((other) => other.nodes.length > 0 && describeFault(other) !== describeFault(fault))
    const next = { ...record, faults: kind.momentary ? standing : [...standing, fault] }
    writeRecord(next)
    try {
      await injectFault(next, fault)
    } catch (error) {
      const before = { ...record, faults: standing }
      await takeBack(before, fault)
      writeRecord(before)
      throw error
    }
  })
}

async function heal(name: string, nodes: readonly string[], progress: Progress): Promise<void> {
  checkRoot()
  await withLock(name, { progress }, async () => {
    const record = needRecord(name)
    const chosen = pickNodes(record, nodes)
    const gone = record.faults.filter((fault) => fault.nodes.some((node) => chosen.includes(node)))
    const next = { ...record, faults: record.faults.filter((fault) => !gone.includes(fault)) }
    // A fault between two nodes ends for both; one of several nodes that are off ends for all of them.
    const touched = [...new Set([...chosen, ...gone.flatMap((fault) => fault.nodes)])]
    await healFaults(next, gone, touched)
    writeRecord(next)
    for (const fault of gone) progress(`healed: ${describeFault(fault)}`)
  })
}

/** Labs of systemd-nspawn containers: full Debian hosts that share this machine's kernel. */
export const nspawn: Driver = {
  name: 'nspawn',
  faults: FAULTS,
  missing: missingPackages,
  up,
  down,
  reset,
  names: async () => labNames(),
  list: async () =>
    labNames()
      .filter((name) => !name.includes('.'))
      .flatMap((name) => readRecord(name) ?? [])
      .map(toState),
  state: async (name) => {
    const record = readRecord(name)
    return record === undefined ? undefined : toState(record)
  },
  inject,
  heal,
  clientExec: (name) => inNetns(clientNetns(name)),
  ssh: (name, node, flags) => {
    const record = needRecord(name)
    const [chosen = ''] = pickNodes(record, [node])
    return sshArgv(
      name,
      addressesOf(record.nodes.find((entry) => entry.name === chosen)?.index ?? 0)[0] ?? '',
      ...flags,
    )
  },
}
