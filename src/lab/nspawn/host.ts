import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Progress } from '../driver.ts'
import { labEnv, must, run } from '../run.ts'

/** Program → Debian package. */
const PROGRAMS: readonly (readonly [string, string])[] = [
  ['systemd-nspawn', 'systemd-container'],
  ['mmdebstrap', 'mmdebstrap'],
  ['nft', 'nftables'],
  ['ip', 'iproute2'],
  ['nc', 'netcat-openbsd'],
  ['ssh', 'openssh-client'],
  ['mkfs.ext4', 'e2fsprogs'],
  ['mount', 'mount'],
  ['flock', 'util-linux'],
  ['apt-get', 'apt'],
]

function isProgram(name: string): boolean {
  return (labEnv()['PATH'] ?? '').split(':').some((dir) => {
    try {
      accessSync(join(dir, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Debian packages the lab needs and this machine lacks. */
export async function missingPackages(): Promise<readonly string[]> {
  const missing = PROGRAMS.filter(([program]) => !isProgram(program)).map(([, name]) => name)
  // Other programs called nc cannot end the connection when their input ends.
  if (isProgram('nc') && !/OpenBSD/i.test((await run(['nc', '-h'])).stderr)) missing.push('netcat-openbsd')
  return missing
}

/** The command that installs packages. */
export const installCommand = (packages: readonly string[]): readonly string[] => [
  'apt-get',
  'install',
  '-y',
  '--no-install-recommends',
  ...packages,
]

/** Installs packages on this machine with its own apt. */
export async function installPackages(packages: readonly string[], progress: Progress): Promise<void> {
  progress(`installing ${packages.join(' ')} on this machine`)
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 900_000 }
  await must(['apt-get', 'update', '-qq'], options)
  await must(installCommand(packages), options)
}

/** Refuses to go on for anybody but root: namespaces, mounts and control groups are root's. */
export function checkRoot(): void {
  if (process.getuid?.() === 0) return
  throw new HactlError(
    problem('lab/not-root', 'a lab needs root: it makes network namespaces, mounts and control groups', {
      hint: 'run it as root, or with sudo',
    }),
    EXIT.refused,
  )
}

/** Enough for hundreds of nodes; the kernel's default of 128 is enough for about 20. */
const INSTANCES = 2048
/** Instances a bare node takes; services add to them. */
const PER_NODE = 6
const INSTANCES_FILE = '/proc/sys/fs/inotify/max_user_instances'

/** Raises the machine's limit of inotify instances when it is too low for all nodes of all labs, and says so. */
export function raiseInotify(nodes: number, progress: Progress): void {
  const now = Number(readFileSync(INSTANCES_FILE, 'utf8'))
  if (now >= INSTANCES || nodes * PER_NODE + 32 <= now) return
  try {
    writeFileSync(INSTANCES_FILE, String(INSTANCES))
    progress(`raised fs.inotify.max_user_instances from ${now} to ${INSTANCES} until this machine restarts`)
  } catch {
    progress(`fs.inotify.max_user_instances is ${now} and cannot be raised; some nodes may not start`)
  }
}

const MACHINE_ID = '/etc/machine-id'

/** Gives this machine an id when it has none, as in a container: systemd-nspawn makes the nodes' MAC addresses of it. */
export async function ensureMachineId(progress: Progress): Promise<void> {
  const id = existsSync(MACHINE_ID) ? readFileSync(MACHINE_ID, 'utf8').trim() : ''
  if (/^[0-9a-f]{32}$/.test(id)) return
  progress(`this machine has no ${MACHINE_ID}: systemd-machine-id-setup makes one`)
  await must(['systemd-machine-id-setup'])
}
