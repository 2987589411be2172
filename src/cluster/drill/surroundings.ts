import { Secret } from '../../lib/secret.ts'
import type { Connect } from '../../transport/transport.ts'
import { openLine, type Line } from './line.ts'
import type { HostFacts, Origin } from './result.ts'
import type { Site } from './site.ts'

/** PostgreSQL's settings that decide what can be lost, and when a server or a client is given up. */
const SETTINGS = [
  'synchronous_commit',
  'synchronous_standby_names',
  'wal_sender_timeout',
  'wal_receiver_timeout',
  'wal_receiver_status_interval',
  'wal_keep_size',
  'max_slot_wal_keep_size',
  'max_wal_size',
  'checkpoint_timeout',
  'fsync',
  'full_page_writes',
  'data_checksums',
  'wal_log_hints',
  'hot_standby_feedback',
  'restart_after_crash',
  'tcp_keepalives_idle',
  'tcp_user_timeout',
  'shared_buffers',
  'max_connections',
]

const SQL = `select name || '=' || current_setting(name) from pg_settings where name in (${SETTINGS.map((name) => `'${name}'`).join(', ')}) order by name`

/** Four lines about the host, then a line for each package that is there. */
const FACTS = `export LC_ALL=C
(. /etc/os-release; echo "$PRETTY_NAME")
uname -r
nproc
awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo
for package do
  version=$(dpkg-query -W -f '\${Version}' "$package" 2>/dev/null || rpm -q --qf '%{VERSION}-%{RELEASE}' "$package" 2>/dev/null) || continue
  [ -z "$version" ] || echo "$package $version"
done
exit 0`

/** What `FACTS` printed. Pure. */
export function parseFacts(text: string): HostFacts {
  const [system = '', kernel = '', cpus = '', memoryMb = '', ...packages] = text.trim().split('\n')
  const pairs = packages.map((line) => line.split(' ') as [string, string])
  return {
    system,
    kernel,
    cpus: Number(cpus),
    memoryMb: Number(memoryMb),
    packages: Object.fromEntries(pairs),
  }
}

/** Lines `name=value` as a map; undefined text gives none. Pure. */
const parseSettings = (text = ''): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )

const PATIENCE_MS = 10_000

async function factsOf(line: Line, packages: readonly string[]): Promise<HostFacts | undefined> {
  const argv = ['sh', '-c', FACTS, 'facts', ...packages]
  const results = await line.run([{ argv, timeoutMs: PATIENCE_MS }], PATIENCE_MS)
  return results?.[0]?.code === 0 ? parseFacts(results[0].stdout) : undefined
}

async function settingsOf({ socketDir, port }: Site, line: Line): Promise<Readonly<Record<string, string>>> {
  const argv = ['psql', '-XAtqw', '-h', socketDir, '-p', String(port), '-d', 'postgres', '-c', SQL]
  const results = await line.run([{ argv, as: 'postgres', timeoutMs: PATIENCE_MS }], PATIENCE_MS)
  return parseSettings(results?.[0]?.stdout)
}

/** Reads what the members are and how PostgreSQL on the primary is set. What cannot be read is left out. */
export async function readSurroundings(
  site: Site,
  primary: string | undefined,
  connect: Connect,
): Promise<{
  readonly hosts: Origin['environment']['hosts']
  readonly postgres: Readonly<Record<string, string>>
}> {
  const lines = site.members.map(({ connection }) => openLine(connection, connect))
  try {
    const hosts = await Promise.all(
      lines.map(async (line) => [line.host, await factsOf(line, site.drills.packages ?? [])] as const),
    )
    const lead = lines.find(({ host }) => host === primary)
    return {
      hosts: Object.fromEntries(hosts.flatMap(([name, facts]) => (facts ? [[name, facts]] : []))),
      postgres: lead ? await settingsOf(site, lead) : {},
    }
  } finally {
    await Promise.all(lines.map((line) => line.close()))
  }
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret)

const children = (value: unknown): readonly (readonly [string, unknown])[] =>
  isMap(value) ? Object.entries(value) : []

function* leaves(path: string, value: unknown): Generator<readonly [string, string]> {
  if (value === undefined || value === null || value instanceof Secret) return
  if (isMap(value)) for (const [key, each] of children(value)) yield* leaves(`${path}.${key}`, each)
  else yield [path, typeof value === 'string' ? value : JSON.stringify(value)]
}

/** The values at some paths (`times`, `replication.mode`) of a variable, everything below them, without secrets. Pure. */
export function pick(vars: unknown, paths: readonly string[]): Readonly<Record<string, string>> {
  const at = (path: string): unknown =>
    path.split('.').reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), vars)
  return Object.fromEntries(paths.flatMap((path) => [...leaves(path, at(path))]))
}
