import type { Command } from '../../transport/transport.ts'
import { formatLsn } from '../lsn.ts'
import type { Lsn } from '../lsn.ts'
import type { ClusterStatus } from '../status.ts'
import type { HostCase } from './case.ts'
import { forkOf } from './fork.ts'
import { parseHost } from './parse.ts'
import type { DoctorSite, RawHost } from './site.ts'

/** The login of a standby's receiver, with its own password file; the server says why it refuses. */
const LOGIN = `to=$1; shift
echo "$to"
exec psql -XAtqw "$@" -c IDENTIFY_SYSTEM`

const login = (site: DoctorSite, to: { readonly name: string; readonly address: string }): Command => ({
  argv: [
    'sh',
    '-c',
    LOGIN,
    'login',
    to.name,
    `host=${to.address} port=${site.port} user=${site.replicationUser} dbname=replication replication=true connect_timeout=3 passfile=${site.passfile}`,
  ],
  as: 'postgres',
  timeoutMs: 10_000,
})

/**
 * WAL from a fork on: committed transactions, and the rows that they changed by table. Rows of transactions that did
 * not commit are left out. Names of tables are asked of the server, when it runs.
 */
const PAST = `data=$1 bin=$2 tl=$3 from=$4 socket=$5 port=$6
printf 'from=%s\\t%s\\n' "$from" "$tl"
wal=$data/pg_wal dump=pg_waldump; [ -d "$wal" ] || { wal=$data/pg_xlog dump=pg_xlogdump; }
[ -x "$bin/$dump" ] || { echo "error=$dump is not installed"; exit 0; }
timeout 60 "$bin/$dump" -p "$wal" -t "$tl" -s "$from" 2>&1 | awk '
  function word(re, skip) { return match($0, re) ? substr($0, RSTART + skip, RLENGTH - skip) : "" }
  /^pg_(wal|xlog)dump: (error|fatal)/ { e = $0; next }
  /^rmgr: / { n++; tx = word("tx: *[0-9]+", 3) + 0 }
  /^rmgr: Heap/ && /desc: (INSERT|UPDATE|HOT_UPDATE|DELETE|MULTI_INSERT)/ {
    rel = word("rel [0-9]+/[0-9]+/[0-9]+", 4); sub("^[0-9]+/", "", rel); split(rel, r, "/")
    if (r[2] + 0 < 16384) next
    k = 1; if (/desc: MULTI_INSERT/) { k = word("(ntuples: )?[0-9]+ tuples|ntuples: [0-9]+", 0); gsub("[^0-9]", "", k) }
    rows[tx, rel] += k
  }
  /^rmgr: Transaction/ && /desc: COMMIT/ {
    commits++; done[tx] = 1
    t = word("COMMIT(_PREPARED)? [0-9-]+ [0-9:.]+", 7); if (first == "") first = t; last = t
    s = word("subxacts: [0-9 ]+", 10); m = split(s, a, " "); for (i = 1; i <= m; i++) done[a[i]] = 1
  }
  END {
    printf "commits=%d\\t%s\\t%s\\n", commits, first, last
    if (!n) printf "error=%s\\n", e
    for (key in rows) { split(key, p, SUBSEP); if (p[1] in done) sum[p[2]] += rows[key] }
    for (rel in sum) printf "rel=%s\\t%d\\n", rel, sum[rel]
  }' | while IFS= read -r line; do
  case $line in
    rel=*)
      rel=\${line%%	*} rel=\${rel#rel=} count=\${line##*	}
      db=$(psql -XAtqw -h "$socket" -p "$port" -d postgres -c "select datname from pg_database where oid = \${rel%%/*}" 2>/dev/null)
      table=; [ -z "$db" ] || table=$(psql -XAtqw -h "$socket" -p "$port" -d "$db" -c "select pg_filenode_relation(0, \${rel##*/})" 2>/dev/null)
      if [ -n "$table" ]; then printf 'rows=%s.%s\\t%s\\n' "$db" "$table" "$count"
      else printf 'rows=database %s, file %s\\t%s\\n' "\${rel%%/*}" "\${rel##*/}" "$count"; fi ;;
    *) printf '%s\\n' "$line" ;;
  esac
done
exit 0`

const past = (site: DoctorSite, timeline: number, from: Lsn): Command => ({
  argv: [
    'sh',
    '-c',
    PAST,
    'past',
    site.dataDir,
    site.binDir,
    String(timeline),
    formatLsn(from),
    site.socketDir,
    String(site.port),
  ],
  as: 'postgres',
  timeoutMs: 90_000,
})

const streams = (host: HostCase, primary: HostCase | undefined): boolean =>
  primary?.server?.senders.some(({ name, state }) => name === host.name && state === 'streaming') === true

/** What is worth asking after the first answers, by host. Pure. */
export function followUps(
  site: DoctorSite,
  status: ClusterStatus,
  raw: ReadonlyMap<string, RawHost>,
): ReadonlyMap<string, Readonly<Record<string, Command>>> {
  const hosts = new Map([...raw].map(([name, answers]) => [name, parseHost(name, answers)]))
  const primaries = [...hosts.values()].filter(({ server }) => server?.recovery === false)
  const primary = primaries.find(({ name }) => name === status.primary) ?? primaries[0]
  const to = site.members.find(({ name }) => name === primary?.name)
  return new Map(
    site.members.flatMap(({ name }) => {
      const host = hosts.get(name)
      if (!host || !primary || streams(host, primary)) return []
      const other = host === primary ? primaries.find((each) => each !== host) : primary
      const fork = other && forkOf(host, other)
      return [
        [
          name,
          {
            ...(to && host.server?.recovery !== false && { login: login(site, to) }),
            ...(fork && { wal: past(site, fork.timeline, fork.at) }),
          },
        ] as const,
      ]
    }),
  )
}
