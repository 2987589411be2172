import { existsSync, readdirSync, rmSync } from 'node:fs'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { poll } from '../../lib/poll.ts'
import { isInventoryOf } from '../inventory-file.ts'
import { killGroup, labsWithGroups, removeGroups } from './cgroup.ts'
import { unmountBelow } from './mounts.ts'
import { hasNetwork, networkPids, pullLinks, removeNetwork } from './network.ts'
import { endAll, stopProxy } from './packages.ts'
import { withLock } from './lock.ts'
import { labPaths } from './paths.ts'
import { labNames, readRecord } from './state.ts'
import { fastDisk } from './throttle.ts'

/** Whether anything of a lab exists: its folder, a namespace or a control group. */
export const exists = (lab: string): boolean =>
  existsSync(labPaths(lab).dir) || hasNetwork(lab) || labsWithGroups().includes(lab)

/**
 * Removes everything that carries a lab's name. It asks the machine what there is and not the lab's record, so
 * it works after a crash of anything; the folder goes last, so that an interrupted removal can be repeated.
 */
export async function removeLab(lab: string): Promise<void> {
  const paths = labPaths(lab)
  const nodes = existsSync(paths.nodes) ? readdirSync(paths.nodes) : []
  if (hasNetwork(lab)) await Promise.all(nodes.map((node) => pullLinks(lab, node)))
  await killGroup(lab)
  await endAll(await networkPids(lab))
  // A limit belongs to a device, and the next disk may get the same one.
  for (const node of nodes) fastDisk(lab, node)
  await unmountBelow(paths.dir)
  await removeNetwork(lab)
  if (
    !(await poll(async () => (removeGroups(lab) ? true : undefined), { timeoutMs: 5000, intervalMs: 10 }))
  ) {
    throw new HactlError(
      problem('lab/groups-left', `the control groups of lab ${lab} cannot be removed`, {
        hint: 'run the command again',
      }),
      EXIT.failed,
    )
  }
  const inventory = readRecord(lab)?.inventory
  if (inventory !== undefined && isInventoryOf(inventory, lab)) rmSync(inventory)
  rmSync(paths.dir, { recursive: true, force: true })
}

/** Ends the package proxy when no lab is left that could need it. */
export const stopProxyAfterLast = (): Promise<void> =>
  withLock('proxy', { timeoutMs: 60_000 }, async () => {
    if (labNames().length === 0) await stopProxy()
  })
