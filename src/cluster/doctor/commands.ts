import { stateDirOf } from '../../engine/lock.ts'
import type { Command } from '../../transport/transport.ts'
import { serverSql } from './server-sql.ts'
import type { DoctorSite } from './site.ts'

/** Free space below this share, or this many kB, is looked into: four segments of WAL and a little. */
export const LITTLE = { share: 0.1, kb: 100_000 } as const

const FACTS = `data=$1 bin=$2 state=$3 low=
for p in "$data" "$data/pg_wal/." /var/log /; do
  [ -e "$p" ] || continue
  set -- $(df -Pk "$p" 2>/dev/null | tail -n 1)
  [ "$4" -ge 0 ] 2>/dev/null || continue
  inodes=$(df -Pi "$p" 2>/dev/null | tail -n 1 | awk '{ sub("%", "", $5); print $5 }')
  printf 'disk=%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' "$p" "$1" "$2" "$4" "$6" "$inodes"
  if [ "$4" -lt ${LITTLE.kb} ] || [ "$4" -lt $(($2 / 10)) ]; then case " $low " in *" $6 "*) ;; *) low="$low $6" ;; esac; fi
done
for m in $low; do
  timeout 20 du -xk --max-depth=5 "$m" 2>/dev/null | sort -rn | head -n 25 | sed 's/^\\([0-9]*\\)[[:space:]]*/folder=\\1\\t/'
  timeout 20 find "$m" -xdev -type f -size +20M -printf '%k\\t%p\\n' 2>/dev/null | sort -rn | head -n 8 | sed 's/^/file=/'
done
[ -d "$data" ] && stat -c 'owner=%U %a' "$data"
for f in standby.signal recovery.signal recovery.conf backup_label; do [ -e "$data/$f" ] && echo "signal=$f"; done
if [ -f "$data/postmaster.pid" ]; then
  read -r pid < "$data/postmaster.pid"
  letter=$(sed -n 's/^[0-9]* (.*) \\([A-Za-z]\\) .*/\\1/p' "/proc/$pid/stat" 2>/dev/null)
  printf 'pidfile=%s\\t%s\\t%s\\t%s\\n' "$pid" "$(cat "/proc/$pid/comm" 2>/dev/null)" "$letter" "$(readlink "/proc/$pid/cwd" 2>/dev/null)"
fi
sed -n 's/^\\([0-9]*\\) (\\(.*\\)) [Tt] .*/stopped=\\2/p' /proc/[0-9]*/stat 2>/dev/null | sort | uniq -c | sed 's/^ *\\([0-9]*\\) stopped=\\(.*\\)/stopped=\\2\\t\\1/'
if [ -e "$state/lock" ]; then
  alive=no pid= start= owner=
  { read -r pid start; read -r owner; } < "$state/lock" 2>/dev/null
  [ -n "$start" ] && [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "$start" ] && alive=yes
  printf 'lock=%s\\t%s\\n' "$alive" "$owner"
fi
for h in $(ls "$data/pg_wal" 2>/dev/null | grep '\\.history$' | tail -n 3); do
  sed "s/^/history.$h=/" "$data/pg_wal/$h"; echo
done
ls "$data/pg_wal" 2>/dev/null | grep -xE '[0-9A-F]{24}' | awk 'NR == 1 { f = $0 } { l = $0 } END { if (NR) printf "wal=%d\\t%s\\t%s\\n", NR, f, l }'
[ -f "$data/global/pg_control" ] && "$bin/pg_controldata" "$data" 2>/dev/null | sed 's/^/control=/'
exit 0`

/** Lines that say why; `started streaming` and `ready to accept` tell which of them are of the past. */
const TELLING =
  'FATAL:|PANIC:|HINT:|DETAIL:|CONTEXT:|No space left|could not|cannot|has already been removed|system identifier|not in this server|forked off|started streaming|ready to accept|invalid|does not exist|permission|promote'

const LOG = `data=$1 words=$2 files=$3; shift 3
show() { tail -n 400 | grep -E "$words" | grep -vE 'STATEMENT:|canceling statement' | tail -n 60 | cut -c 1-400 | sed "s|^|log=$1	|"; }
for f in $files; do [ -f "$f" ] && tail -c 200000 "$f" | show "$f"; done
for u in "$@"; do journalctl -u "$u" -n 1500 -o cat --no-pager 2>/dev/null | grep -E '[A-Z]+: |^ERROR|^WARNING|Error' | show "journal of $u"; done
if [ -f "$data/current_logfiles" ]; then
  f=$(sed -n 's/^stderr //p' "$data/current_logfiles")
  case $f in '') ;; /*) ;; *) f=$data/$f ;; esac
  [ -f "$f" ] && tail -c 200000 "$f" | show "$f"
fi
exit 0`

/** A packet that comes back, even a refusal, comes back at once; silence lasts until the timeout. */
const PEERS = `bin=$1 port=$2; shift 2
for t in "$@"; do (
  s=$(date +%s%N); "$bin/pg_isready" -q -h "\${t#*=}" -p "$port" -t 3; c=$?; e=$(date +%s%N)
  printf 'peer=%s\\t%s\\t%s\\n' "\${t%%=*}" "$c" $(((e - s) / 1000000))
) & done; wait; exit 0`

const CERTIFICATES = `command -v openssl >/dev/null || exit 0
while [ $# -gt 0 ]; do
  f=$1 ca=$2; shift 2
  [ -f "$f" ] || continue
  echo "certificate=$f"
  openssl x509 -in "$f" -noout -startdate -enddate -issuer 2>&1
  [ -z "$ca" ] || echo "verify=$(openssl verify -no_check_time -CAfile "$ca" "$f" 2>&1 | tail -n 3 | tr '\\n' ' ')"
done
exit 0`

/** What is read on every member, by name, in one round trip. Nothing here writes. */
export function commandsFor(
  site: DoctorSite,
  cluster: string,
  host: string,
): Readonly<Record<string, Command>> {
  const { dataDir, binDir, port, members } = site
  const isMember = members.some(({ name }) => name === host)
  const sh = (script: string, ...args: readonly string[]) => ['sh', '-c', script, 'doctor', ...args]
  const peers = members.filter(({ name }) => name !== host).map(({ name, address }) => `${name}=${address}`)
  const pairs = site.certificates.flatMap(({ path, ca = '' }) => [path, ca])
  return {
    facts: { argv: sh(FACTS, dataDir, binDir, stateDirOf(cluster)), timeoutMs: 60_000 },
    certificates: { argv: sh(CERTIFICATES, ...pairs), timeoutMs: 15_000 },
    ...(isMember && {
      server: {
        argv: ['psql', '-XAtqw', '-h', site.socketDir, '-p', String(port), '-d', 'postgres', '-c', serverSql],
        as: 'postgres',
        env: { PGCONNECT_TIMEOUT: '3', PGOPTIONS: '-c statement_timeout=5000' },
        timeoutMs: 10_000,
      },
      log: {
        argv: sh(LOG, dataDir, TELLING, site.logFiles.join(' '), ...site.logUnits),
        timeoutMs: 20_000,
      },
      peers: { argv: sh(PEERS, binDir, String(port), ...peers), timeoutMs: 15_000 },
    }),
  }
}
