import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { poll } from '../../lib/poll.ts'
import { CONTROLLER, NETWORKS, PROXY_PORT, addressesOf } from '../names.ts'
import { labEnv, must, run, tail } from '../run.ts'
import { initPid, isFrozen, killGroup, makeGroups, nodePids, removeGroups, setFrozen } from './cgroup.ts'
import { LAUNCHER } from './launcher.ts'
import { hasDisk, makeDisk, mountNode, unmountBelow } from './mounts.ts'
import { dropLinks, pullLinks } from './network.ts'
import { inNetns, labNetns, labPaths, nodePaths } from './paths.ts'
import type { LabRecord, NodeRecord } from './state.ts'
import { fastDisk } from './throttle.ts'

const interfaces = (addresses: readonly string[]): string =>
  [
    'auto lo\niface lo inet loopback\n',
    ...addresses.map(
      (address, index) =>
        `auto eth${index}\niface eth${index} inet static\n  address ${address}/24\n${index === 0 ? `  gateway ${CONTROLLER}\n` : ''}`,
    ),
  ].join('\n')

/** What a node's root needs before its first boot. */
export interface Furniture {
  /** `sources.list` of the node. */
  readonly sources: string
  readonly aptOptions: readonly string[]
}

function furnish(lab: string, node: NodeRecord, furniture: Furniture): void {
  const { root, hostKey } = nodePaths(lab, node.name)
  const put = (path: string, text: string, mode = 0o644): void => {
    const file = join(root, path)
    rmSync(file, { force: true })
    writeFileSync(file, text, { mode })
  }
  put('etc/hostname', `${node.name}\n`)
  put('etc/hosts', '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n')
  put('etc/resolv.conf', '')
  put('etc/machine-id', '')
  // As Debian's installer and its cloud images leave it: without it PostgreSQL would choose SQL_ASCII.
  put('etc/default/locale', 'LANG=C.UTF-8\n')
  put('etc/network/interfaces', interfaces(addressesOf(node.index)))
  put('etc/apt/sources.list', furniture.sources)
  put(
    'etc/apt/apt.conf.d/00lab',
    [`Acquire::http::Proxy "http://${CONTROLLER}:${PROXY_PORT}";`, ...furniture.aptOptions, ''].join('\n'),
  )
  mkdirSync(join(root, 'root/.ssh'), { recursive: true, mode: 0o700 })
  put('root/.ssh/authorized_keys', readFileSync(`${labPaths(lab).key}.pub`, 'utf8'), 0o600)
  copyFileSync(hostKey, join(root, 'etc/ssh/ssh_host_ed25519_key'))
  chmodSync(join(root, 'etc/ssh/ssh_host_ed25519_key'), 0o600)
  copyFileSync(`${hostKey}.pub`, join(root, 'etc/ssh/ssh_host_ed25519_key.pub'))
}

/** Makes a key pair when it does not exist. */
export async function makeKey(file: string, comment: string): Promise<void> {
  if (existsSync(`${file}.pub`)) return
  rmSync(file, { force: true })
  await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file])
}

/** Makes a node's keys and disk. A disk without its mark is half-made and made anew. */
export async function createNode(record: LabRecord, node: NodeRecord, furniture: Furniture): Promise<void> {
  const paths = nodePaths(record.name, node.name)
  const mark = join(paths.dir, 'created')
  mkdirSync(paths.dir, { recursive: true })
  await makeKey(paths.hostKey, node.name)
  if (existsSync(mark) && hasDisk(paths)) return
  await unmountBelow(paths.dir)
  rmSync(paths.disk, { force: true })
  await makeDisk(paths)
  await mountNode(paths, record.lower)
  furnish(record.name, node, furniture)
  writeFileSync(mark, '')
}

/** Throws a node's disk away; its keys stay. */
export async function discardDisk(lab: string, node: string): Promise<void> {
  const paths = nodePaths(lab, node)
  rmSync(join(paths.dir, 'created'), { force: true })
  // A limit belongs to a device, and the next disk may get the same one.
  fastDisk(lab, node)
  await unmountBelow(paths.dir)
  rmSync(paths.disk, { force: true })
}

const isRunning = (lab: string, node: string): boolean => nodePids(lab, node).length > 0

/** What a node is doing. */
export const stateOf = (lab: string, node: string): 'running' | 'off' | 'frozen' => {
  if (!isRunning(lab, node)) return 'off'
  return isFrozen(lab, node) ? 'frozen' : 'running'
}

const machineId = (lab: string, node: string): string =>
  createHash('sha256').update(`${lab}/${node}`).digest('hex').slice(0, 32)

const nspawnArgs = (lab: string, node: string): readonly string[] => [
  '--quiet',
  // This machine need not run systemd: no scope, no registration.
  '--register=no',
  '--keep-unit',
  '--boot',
  '--console=pipe',
  '--kill-signal=SIGRTMIN+3',
  '--capability=all',
  '--resolv-conf=off',
  '--timezone=off',
  '--link-journal=no',
  `--directory=${nodePaths(lab, node).root}`,
  `--machine=hactl-${lab}-${node}`,
  `--hostname=${node}`,
  `--uuid=${machineId(lab, node)}`,
  // The node's network namespace is nspawn's: addresses and rules inside die with the node.
  ...NETWORKS.map((_, index) => `--network-veth-extra=${node}.${index}:eth${index}`),
]

/** Starts a node that is off; returns before it has booted. */
export async function startNode(record: LabRecord, node: NodeRecord): Promise<void> {
  const lab = record.name
  if (isRunning(lab, node.name)) return
  await killGroup(lab, node.name)
  await dropLinks(lab, node.name)
  const paths = nodePaths(lab, node.name)
  await mountNode(paths, record.lower)
  const groups = makeGroups(lab, node.name)
  const log = openSync(paths.console, 'w')
  const [program = '', ...args] = inNetns(
    labNetns(lab),
    'bash',
    '-c',
    LAUNCHER,
    'hactl-lab-node',
    ...nspawnArgs(lab, node.name),
  )
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: {
      PATH: labEnv()['PATH'],
      LC_ALL: 'C',
      NODE: node.name,
      CGROUPS: groups.join(' '),
      SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
      SYSTEMD_NSPAWN_LOCK: '0',
      SYSTEMD_NSPAWN_TMPFS_TMP: '0',
    },
  })
  child.on('error', () => undefined)
  child.unref()
  closeSync(log)
}

const BANNER =
  'until exec 3<>"/dev/tcp/$1/22" && read -r -t 1 -u 3 line && [[ $line == SSH-* ]]; do exec 3>&-; sleep 0.05; done 2>/dev/null'

/** Waits until sshd answers, at most a minute. */
export async function waitForSsh(lab: string, node: NodeRecord, signal?: AbortSignal): Promise<void> {
  const address = addressesOf(node.index)[0] ?? ''
  const argv = inNetns(labNetns(lab), 'timeout', '60', 'bash', '-c', BANNER, 'wait', address)
  const { code } = await run(argv, { timeoutMs: 65_000, ...(signal ? { signal } : {}) })
  if (code === 0) return
  const { console } = nodePaths(lab, node.name)
  throw new HactlError(
    problem('lab/no-ssh', `node ${node.name} of lab ${lab} does not answer on ${address} port 22`, {
      detail: existsSync(console) ? tail(readFileSync(console, 'utf8')) : '',
      hint: `read ${console}; then: hactl lab reset --name ${lab} ${node.name}`,
    }),
    EXIT.failed,
  )
}

/** Switches a node off as a power cut does: its cables first, so that no FIN or RST leaves it. */
export async function powerOff(lab: string, node: string): Promise<void> {
  await pullLinks(lab, node)
  await killGroup(lab, node)
  await dropLinks(lab, node)
  await poll(async () => (removeGroups(lab, node) ? true : undefined), { timeoutMs: 2000, intervalMs: 10 })
}

/** Number of the signal SIGRTMIN+n, which systemd as PID 1 takes as an order. */
const realTime = (n: number): number => 34 + n

/** Shuts a node down cleanly; switches it off when that takes more than 20 seconds. */
export async function shutDown(lab: string, node: string): Promise<void> {
  setFrozen(lab, node, false)
  const init = initPid(lab, node)
  if (init !== undefined) process.kill(init, realTime(4))
  await poll(async () => (isRunning(lab, node) ? undefined : true), { timeoutMs: 20_000, intervalMs: 50 })
  await powerOff(lab, node)
}

/** Asks a running node to reboot; its launcher starts it again. */
export function reboot(lab: string, node: string): void {
  const init = initPid(lab, node)
  if (init === undefined)
    throw new HactlError(problem('lab/node-off', `node ${node} is off`, { hint: `hactl lab heal ${node}` }))
  process.kill(init, realTime(5))
}
