import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { formatDuration } from '../../lib/duration.ts'
import type { Progress } from '../driver.ts'
import { must, run, tail } from '../run.ts'
import { withLock } from './lock.ts'
import { unmountBelow } from './mounts.ts'
import { labHome } from './paths.ts'
import { buildList, hostSources } from './sources.ts'

/** Debian releases the lab knows. */
export const RELEASES = ['bullseye', 'bookworm', 'trixie'] as const

/** What a small Debian server has: an init, a network, sshd and the usual tools. */
const PACKAGES = `
  systemd systemd-sysv dbus udev ifupdown iproute2 iputils-ping iputils-arping openssh-server sudo procps
  psmisc ca-certificates nftables iptables less python3 netcat-openbsd tcpdump
`
  .trim()
  .split(/\s+/)

/** Units that make noise in a container; apt's timers would take the dpkg lock under the user's feet. */
const MASKED = `
  e2scrub_reap.service e2scrub_all.timer systemd-pstore.service fstrim.timer apt-daily.timer
  apt-daily-upgrade.timer getty@tty1.service console-getty.service
`
  .trim()
  .split(/\s+/)

/** Part of the image's name: a change of the recipe makes a new image. Raise it when `finish` changes. */
const VERSION = 1

export const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12)

/** What this machine's apt is told about dates; a frozen mirror needs it in the nodes as well. */
export async function dateOptions(): Promise<readonly string[]> {
  const { stdout } = await run(['apt-config', 'dump'])
  return stdout.split('\n').filter((line) => /^Acquire::Check-(Valid-Until|Date) /.test(line))
}

/** Reports a step that takes long, with the time it has taken so far. */
export async function timed<T>(what: string, progress: Progress, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const ticker = setInterval(() => progress(`${what}: ${formatDuration(performance.now() - start)}`), 5000)
  progress(what)
  try {
    const result = await work()
    progress(`${what}: done in ${formatDuration(performance.now() - start)}`)
    return result
  } finally {
    clearInterval(ticker)
  }
}

/** Runs a program so that it and everything below it ends when hactl ends, however that happens. */
const LEASH = 'setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc'.split(' ')

async function bootstrap(release: string, dir: string, signal?: AbortSignal): Promise<void> {
  const list = join(dir, 'sources.list')
  writeFileSync(list, buildList(hostSources(release)))
  const apt = [...(await dateOptions()), 'Acquire::Languages "none";'].map((option) => `--aptopt=${option}`)
  const argv = [
    'mmdebstrap',
    '--mode=root',
    '--variant=minbase',
    `--include=${PACKAGES.join(',')}`,
    ...apt,
    release,
    join(dir, 'root'),
    list,
  ]
  const { code, stderr } = await run([...LEASH, ...argv], {
    timeoutMs: 1_800_000,
    ...(signal ? { signal } : {}),
  })
  if (code === 0) return
  throw new HactlError(
    problem(
      'lab/image-failed',
      `the image of ${release} could not be built (mmdebstrap: exit code ${code})`,
      {
        detail: tail(stderr, 12),
        hint: 'check that "apt-get update" works on this machine and that the disk has 1 GB free',
      },
    ),
    EXIT.failed,
  )
}

/** Makes the bootstrapped tree a node's: quiet units, and nothing that must differ between machines. */
function finish(root: string): void {
  for (const unit of MASKED) {
    const file = join(root, 'etc/systemd/system', unit)
    rmSync(file, { force: true })
    symlinkSync('/dev/null', file)
  }
  for (const name of readdirSync(join(root, 'etc/ssh')).filter((entry) => entry.startsWith('ssh_host_'))) {
    rmSync(join(root, 'etc/ssh', name))
  }
  for (const name of readdirSync(join(root, 'etc/apt/sources.list.d')))
    rmSync(join(root, 'etc/apt/sources.list.d', name))
  writeFileSync(join(root, 'etc/machine-id'), '')
}

/**
 * A finished folder under `where`, made by `build` when it does not exist. It gets its name only when it is
 * complete, so a build that was killed leaves nothing that looks finished.
 */
export async function cached(
  where: string,
  options: { readonly progress: Progress; readonly signal?: AbortSignal },
  build: (dir: string) => Promise<void>,
): Promise<string> {
  const final = join(labHome(), where)
  if (existsSync(final)) return final
  return withLock(where.replaceAll('/', '-'), options, async () => {
    if (existsSync(final)) return final
    const draft = `${final}.building`
    await unmountBelow(draft)
    rmSync(draft, { recursive: true, force: true })
    mkdirSync(draft, { recursive: true, mode: 0o755 })
    await build(draft)
    await must(['sync', '-f', draft], { timeoutMs: 120_000 })
    renameSync(join(draft, 'root'), final)
    rmSync(draft, { recursive: true, force: true })
    return final
  })
}

/** The folder of a release's base image; built once in about half a minute. */
export async function baseImage(release: string, progress: Progress, signal?: AbortSignal): Promise<string> {
  const options = { progress, ...(signal ? { signal } : {}) }
  return cached(
    join('images', `${release}-${hashOf([VERSION, release, PACKAGES, MASKED])}`),
    options,
    (dir) =>
      timed(`building the image of Debian ${release}`, progress, async () => {
        await bootstrap(release, dir, signal)
        finish(join(dir, 'root'))
      }),
  )
}
