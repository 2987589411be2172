import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Reading } from '../../engine/probe.ts'

export type PackageFamily = 'apt' | 'dnf'

export interface InstalledPackage {
  readonly family: PackageFamily
  /** Installed version as the package manager writes it; undefined when it is not installed. */
  readonly version: string | undefined
}

/** Asks the host's own package database; the first line says which one it is. */
const SCRIPT = `if command -v dpkg-query >/dev/null; then
  echo apt
  dpkg-query -W -f '\${Package}\\t\${Architecture}\\t\${db:Status-Status}\\t\${Version}\\n' -- "$@" 2>/dev/null
elif command -v rpm >/dev/null; then
  echo dnf
  rpm -q --qf '%{NAME}\\t%{ARCH}\\tinstalled\\t%{EVR}\\n' -- "$@"
else echo none
fi
exit 0`

/** Reads the lines `name arch status version`; rpm's "package x is not installed" has no tab and is no line. */
function versions(lines: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const line of lines) {
    const [name = '', arch = '', status = '', version = ''] = line.split('\t')
    if (status !== 'installed') continue
    found.set(name, version)
    found.set(`${name}:${arch}`, version)
    found.set(`${name}.${arch}`, version)
  }
  return found
}

/**
 * The installed version of any number of packages, one command for dpkg and rpm hosts alike. A package of
 * which only the configuration is left counts as not installed.
 */
export const packages: Reading<InstalledPackage> = {
  name: 'packages',
  command: (names) => ({ argv: ['sh', '-c', SCRIPT, 'packages', ...names], inline: true }),
  parse({ stdout }, names) {
    const [family, ...lines] = stdout.split('\n')
    if (family !== 'apt' && family !== 'dnf') {
      throw new HactlError(
        problem('host/no-package-manager', 'the host has neither dpkg nor rpm', {
          hint: 'hactl supports the Debian and the RHEL family; leave package tasks out on other systems',
        }),
        EXIT.failed,
      )
    }
    const found = versions(lines)
    return new Map(names.map((name) => [name, { family, version: found.get(name) }]))
  },
  resource: (name) => `package:${name}`,
}
