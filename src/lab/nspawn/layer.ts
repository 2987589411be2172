import { mkdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { quoteAll } from '../../lib/quote.ts'
import type { Progress } from '../driver.ts'
import { addressesOf } from '../names.ts'
import { must, run, tail } from '../run.ts'
import { sshArgv, writeKnownHosts } from './access.ts'
import { cached, hashOf, timed } from './image.ts'
import { makeNetwork } from './network.ts'
import { createNode, makeKey, shutDown, startNode, waitForSsh } from './node.ts'
import type { Furniture } from './node.ts'
import { unmountBelow } from './mounts.ts'
import { ensureRelay } from './packages.ts'
import { labPaths, nodePaths } from './paths.ts'
import { writeRecord } from './state.ts'
import type { LabRecord } from './state.ts'
import { removeLab } from './teardown.ts'

/** Part of a layer's name: raise it when `INSTALL` or `OWN` change. */
const VERSION = 1

/**
 * No stock PostgreSQL cluster: it would carry one system identifier to every node, which machines that were
 * installed one by one never share.
 */
const INSTALL = `
set -e
export DEBIAN_FRONTEND=noninteractive
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
apt-get update -qq
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$@"
apt-get clean
if [ -e /etc/postgresql-common/createcluster.conf.ucf-dist ]; then
  mv /etc/postgresql-common/createcluster.conf.ucf-dist /etc/postgresql-common/createcluster.conf
else
  rm -f /etc/postgresql-common/createcluster.conf
  rmdir --ignore-fail-on-non-empty /etc/postgresql-common
fi
rm -rf /var/lib/apt/lists/*
`

/** What belongs to one machine and must not reach the others. */
const OWN = `
  etc/machine-id etc/hostname etc/hosts etc/resolv.conf etc/default/locale etc/network/interfaces etc/apt/sources.list
  etc/apt/apt.conf.d/00lab etc/ssh/ssh_host_ed25519_key etc/ssh/ssh_host_ed25519_key.pub root/.ssh
  var/log/journal var/lib/systemd/random-seed var/lib/pcsd/pcsd.crt var/lib/pcsd/pcsd.key tmp var/tmp
`
  .trim()
  .split(/\s+/)

async function install(record: LabRecord, packages: readonly string[], signal?: AbortSignal): Promise<void> {
  const [node] = record.nodes
  if (node === undefined) return
  const script = `sh -c ${quoteAll([INSTALL])} install ${quoteAll(packages)}`
  const { code, stderr, stdout } = await run(
    [...sshArgv(record.name, addressesOf(node.index)[0] ?? ''), script],
    {
      timeoutMs: 1_800_000,
      ...(signal ? { signal } : {}),
    },
  )
  if (code === 0) return
  throw new HactlError(
    problem(
      'lab/layer-failed',
      `the packages ${packages.join(' ')} could not be installed (exit code ${code})`,
      {
        detail: tail(stderr || stdout, 12),
        hint: `check the names: apt-cache policy ${packages.join(' ')}`,
      },
    ),
    EXIT.failed,
  )
}

async function buildOnNode(
  record: LabRecord,
  target: string,
  furniture: Furniture,
  signal?: AbortSignal,
): Promise<void> {
  const [node] = record.nodes
  if (node === undefined) return
  const lab = record.name
  await removeLab(lab)
  try {
    writeRecord(record)
    await makeKey(labPaths(lab).key, `hactl-lab-${lab}`)
    await makeNetwork(lab)
    await createNode(record, node, furniture)
    writeKnownHosts(record)
    await startNode(record, node)
    await ensureRelay(lab)
    await waitForSsh(lab, node, signal)
    await install(record, record.packages, signal)
    await shutDown(lab, node.name)
    const upper = join(nodePaths(lab, node.name).data, 'upper')
    for (const path of OWN) rmSync(join(upper, path), { recursive: true, force: true })
    mkdirSync(target, { recursive: true })
    await must(['cp', '--archive', upper, join(target, 'root')], { timeoutMs: 600_000 })
    await unmountBelow(labPaths(lab).dir)
  } finally {
    await removeLab(lab)
  }
}

/** The folder of a layer with these packages over a base image; a throw-away node installs them once. */
export async function packageLayer(
  base: { readonly dir: string; readonly release: string; readonly furniture: Furniture },
  packages: readonly string[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<string> {
  const hash = hashOf([VERSION, basename(base.dir), INSTALL, OWN, packages.toSorted()])
  const record: LabRecord = {
    name: `build.${hash}`,
    release: base.release,
    packages,
    lower: [base.dir],
    nodes: [{ name: 'build', index: 0, witness: false }],
    inventory: labPaths(`build.${hash}`).inventory,
    faults: [],
  }
  return cached(join('layers', hash), { progress, ...(signal ? { signal } : {}) }, (dir) =>
    timed(`installing ${packages.join(' ')} into a layer`, progress, () =>
      buildOnNode(record, dir, base.furniture, signal),
    ),
  )
}
