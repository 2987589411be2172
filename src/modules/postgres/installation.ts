import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Probe, Reading } from '../../engine/probe.ts'
import { bare, program } from '../../lib/program.ts'
import { binDirs, debianLayout, plainLayout, versionText } from './layout.ts'
import type { Layout } from './layout.ts'

/** What is on a host for one version, name and data directory, before any server is asked. */
export interface Installation {
  readonly layout: Layout
  /** Directory with initdb and postgres; undefined when not installed. */
  readonly binDir: string | undefined
  readonly data: 'absent' | 'empty' | 'cluster' | 'other'
  /** Content of PG_VERSION, e.g. `15`. */
  readonly dataVersion: string | undefined
  /** The data directory is a mount point: it can be filled, not moved or replaced. */
  readonly mount: boolean
  /** standby.signal or recovery.conf is there. */
  readonly standby: boolean
  /** A base backup that no server has started from (backup_label). */
  readonly fresh: boolean
  /** Data directory of the Debian cluster of this version and name; another than the one asked for is a conflict. */
  readonly registered: string | undefined
  /** First word of Debian's start.conf. */
  readonly start: string | undefined
  /** postgresql.conf is there. */
  readonly configured: boolean
  /** Its include lines. */
  readonly includes: string
  /** Output of pg_controldata; undefined when there is none. */
  readonly control: string | undefined
}

export interface Place {
  readonly version?: number
  readonly name: string
  readonly data_dir?: string
  readonly bin_dir?: string
}

const scriptArgs = ({ version, name, data_dir, bin_dir }: Place): readonly string[] => {
  const text = version === undefined ? '' : versionText(version)
  return [text, name, data_dir ?? '', bin_dir ?? '', ...binDirs(text)]
}

export function parseInstallation(stdout: string, place: Place): Installation {
  const lines = stdout.split('\n')
  const all = (key: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1))
  const one = (key: string): string | undefined => all(key)[0]
  const version = place.version === undefined ? '' : versionText(place.version)
  const data = one('data') ?? ''
  const control = all('control')
  return {
    layout: one('layout') === 'debian' ? debianLayout(version, place.name, data) : plainLayout(version, data),
    binDir: one('bin'),
    data: (one('state') ?? 'absent') as Installation['data'],
    dataVersion: one('pgversion'),
    mount: one('mount') === 'yes',
    standby: one('standby') === 'yes',
    fresh: one('fresh') === 'yes',
    registered: one('registered'),
    start: one('start'),
    configured: one('configured') === 'yes',
    includes: all('include').join('\n'),
    control: control.length > 0 ? control.join('\n') : undefined,
  }
}

/** One shell script a data directory; it lists directories, so it runs as root. */
const installation: Reading<Installation> = {
  name: 'postgres installation',
  command: (keys) => {
    const calls = keys.map((key) => scriptArgs(JSON.parse(key) as Place))
    const counts = calls.map((args) => args.length)
    return {
      argv: [
        'sh',
        '-c',
        'script=$1; shift; while [ $# -gt 0 ]; do sh -c "$script" installation "$2" "$3" "$4" "$5" "$6" "$7" "$8" "$9" || exit 1; echo ==; shift "$(($1 + 1))"; done',
        'installation',
        bare(program('postgres/installation.sh')),
        ...calls.flatMap((args, index) => [String(counts[index]), ...args]),
      ],
    }
  },
  parse({ stdout, stderr, code }, keys) {
    const parts = stdout.split(/^==$/m)
    if (code !== 0) {
      const summary = `the PostgreSQL installation cannot be looked at: ${stderr.trim()}`
      throw new HactlError(problem('postgres/cannot-read', summary), EXIT.failed)
    }
    return new Map(
      keys.map((key, i) => [key, parseInstallation(parts[i] ?? '', JSON.parse(key) as Place)] as const),
    )
  },
  resource(key) {
    const place = JSON.parse(key) as Place
    const debian = debianLayout(versionText(place.version ?? 0), place.name)
    const data = place.data_dir ?? debian.dataDir
    return [
      `file:${data}`,
      `file:${data}/PG_VERSION`,
      `file:${data}/postgresql.conf`,
      `file:${debian.confDir}/start.conf`,
      `file:${debian.confDir}/postgresql.conf`,
      'package:*',
      'unit:*',
      'postgres:*',
    ]
  },
}

/** Reads what is installed and initialised at a place. */
export const readInstallation = (probe: Probe, place: Place): Promise<Installation> => {
  const { version, name, data_dir, bin_dir } = place
  const key: Place = {
    name,
    ...(version !== undefined && { version }),
    ...(data_dir !== undefined && { data_dir }),
    ...(bin_dir !== undefined && { bin_dir }),
  }
  return probe.ask(installation, JSON.stringify(key))
}
