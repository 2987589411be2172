import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Probe } from '../../engine/probe.ts'
import type { PackageFamily } from '../readings/packages.ts'
import { APT_AGE_SCRIPT } from './apt-script.ts'

/** Depends on the package database and on apt's index, both of which steps of packages touch. */
const DEPENDS = { dependsOn: ['package:*'], timeoutMs: 120_000 } as const

/** Age of the package index in milliseconds; undefined when there is none. dnf minds its own. */
export async function indexAge(probe: Probe): Promise<number | undefined> {
  const { stdout } = await probe.run(['sh', '-c', APT_AGE_SCRIPT], { ...DEPENDS, inline: true })
  return stdout.trim() === '' ? undefined : Number(stdout) * 1000
}

/** Newest version that apt would install, by package. */
function aptCandidates(stdout: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  let name = ''
  for (const line of stdout.split('\n')) {
    name = /^(\S+):$/.exec(line)?.[1] ?? name
    const candidate = /^ {2}Candidate: (\S+)$/.exec(line)?.[1]
    if (candidate !== undefined && candidate !== '(none)') found.set(name, candidate)
  }
  return found
}

/** Packages of which a newer version is on offer, with that version. */
export async function updates(
  probe: Probe,
  family: PackageFamily,
  installed: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const names = [...installed.keys()]
  if (names.length === 0) return new Map()
  if (family === 'apt') {
    const { stdout } = await probe.run(['apt-cache', 'policy', '--', ...names], DEPENDS)
    const offered = [...aptCandidates(stdout)]
    return new Map(offered.filter(([name, version]) => installed.get(name) !== version))
  }
  const { code, stdout, stderr } = await probe.run(['dnf', '-q', 'check-update', '--', ...names], {
    ...DEPENDS,
    network: true,
  })
  if (code !== 0 && code !== 100) {
    throw new HactlError(
      problem('package/no-answer', 'dnf check-update fails', { detail: stderr }),
      EXIT.failed,
    )
  }
  const rows = [...stdout.matchAll(/^(\S+)\.\w+\s+(\S+)\s+\S+$/gm)]
  return new Map(rows.map((row) => [row[1] ?? '', row[2] ?? '']))
}

/** Other packages that would go when these are removed, as the package manager itself says. */
export async function alsoRemoved(
  probe: Probe,
  family: PackageFamily,
  names: readonly string[],
): Promise<readonly string[]> {
  if (names.length === 0) return []
  if (family === 'apt') {
    const { code, stdout, stderr } = await probe.run(
      ['apt-get', '-s', '-q', 'remove', '--', ...names],
      DEPENDS,
    )
    if (code !== 0) {
      const summary = `apt-get cannot remove ${names.join(', ')}`
      throw new HactlError(problem('package/cannot-remove', summary, { detail: stderr.trim() }), EXIT.failed)
    }
    const removed = [...stdout.matchAll(/^Remv (\S+)/gm)].map((match) => match[1] ?? '')
    return removed.filter((name) => !names.includes(name)).sort()
  }
  const { stdout, stderr } = await probe.run(['rpm', '-e', '--test', '--', ...names], DEPENDS)
  const needed = `${stdout}${stderr}`.matchAll(/is needed by \(installed\) (\S+)/g)
  return [...new Set([...needed].map((match) => match[1] ?? ''))].sort()
}
