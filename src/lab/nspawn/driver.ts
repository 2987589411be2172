import { HactlError, problem } from '../../diag/diagnostic.ts'
import type { Driver, FaultRequest, LabState, Progress } from '../driver.ts'
import { FAULTS, checkFault, describeFault } from '../faults.ts'
import { addressesOf, checkLabName } from '../names.ts'
import { sshArgv } from './access.ts'
import { checkRoot, missingPackages } from './host.ts'
import { healFaults, injectFault, takeBack } from './inject.ts'
import { withLock } from './lock.ts'
import { discardDisk, powerOff, stateOf } from './node.ts'
import { ensureProxy } from './packages.ts'
import { clientNetns, inNetns } from './paths.ts'
import { loadSnapshot, snapshotNames, takeSnapshot } from './snapshot.ts'
import { hostSources, originsOf } from './sources.ts'
import { labNames, readRecord, writeRecord } from './state.ts'
import type { LabRecord } from './state.ts'
import { exists, removeLab, stopProxyAfterLast } from './teardown.ts'
import { bringUp, furnitureOf, upLab } from './up.ts'

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
  snapshots: snapshotNames(record.name),
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

async function down(name: string, progress: Progress): Promise<void> {
  checkRoot()
  // The name becomes a path that is removed. With a dot it is a helper of ours that a crash left.
  if (!/^build\.[0-9a-f]+$/.test(name)) checkLabName(name)
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

async function snapshot(name: string, kept: string, progress: Progress): Promise<void> {
  checkRoot()
  await withLock(name, { progress }, () => takeSnapshot(needRecord(name), kept, progress))
}

async function restore(name: string, kept: string, progress: Progress): Promise<void> {
  checkRoot()
  await withLock(name, { progress }, async () => {
    const restored = await loadSnapshot(needRecord(name), kept)
    writeRecord(restored)
    await ensureProxy(originsOf(hostSources(restored.release)))
    await bringUp(restored, await furnitureOf(restored.release), progress)
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
  cannot: { 'own-clock': "this driver cannot: a container shares this machine's clock" },
  faults: FAULTS,
  missing: missingPackages,
  up: (spec, progress, signal) => upLab(spec, progress, signal).then(toState),
  down,
  reset,
  snapshot,
  restore,
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
