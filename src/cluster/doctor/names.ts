import type { Command } from '../../transport/transport.ts'
import type { DoctorSite, RawHost } from './site.ts'

/** Tables by database and file node, as the primary has them; a copy of its data has the same numbers. */
const NAMES = `socket=$1 port=$2; shift 2
ask() { psql -XAtqw -h "$socket" -p "$port" -d "$1" -c "$2" 2>/dev/null; }
for rel in "$@"; do
  db=$(ask postgres "select datname from pg_database where oid = \${rel%%/*}")
  [ -z "$db" ] || table=$(ask "$db" "select pg_filenode_relation(0, \${rel##*/})")
  [ -z "$db" ] || [ -z "$table" ] || printf 'name=%s\\t%s.%s\\n' "$rel" "$db" "$table"
done; exit 0`

const UNNAMED = /^rows=database (\d+), file (\d+)\t/gm

/** File nodes, `database/file`, that a server which does not run could not name. */
export const unnamedIn = (raw: RawHost): readonly string[] =>
  [...(raw['wal']?.stdout ?? '').matchAll(UNNAMED)].map(([, db = '', file = '']) => `${db}/${file}`)

/** The question to the primary for their names. */
export const namesOf = (site: DoctorSite, files: readonly string[]): Command => ({
  argv: ['sh', '-c', NAMES, 'names', site.socketDir, String(site.port), ...files.slice(0, 20)],
  as: 'postgres',
  timeoutMs: 20_000,
})
