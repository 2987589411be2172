/** Shell scripts of faults. Their arguments are the words of an act. */

const signal = (name: string): string => `pkill -${name} -u postgres -x postgres`

/** Kills every process of PostgreSQL; fails when there is none. */
export const KILL_POSTGRES = signal('KILL')
export const FREEZE_POSTGRES = signal('STOP')
export const THAW_POSTGRES = `${signal('CONT')}; exit 0`
/** The oldest process is the postmaster; SIGINT is the fast shutdown (PostgreSQL documentation, "Shutting Down"). */
export const FAST_STOP = 'pkill -INT -o -u postgres -x postgres'
/** Kills processes by their names; the kernel keeps 15 characters of a name. */
export const KILL_ALL = 'for name do pkill -KILL -x "$(printf %.15s "$name")"; done; exit 0'

/** Names of what an act with the words `postgres` gets: folder of its socket, port, database, data directory. */
const WHERE = 'socket=$1 port=$2 database=$3 data=$4'
const AS = 'setpriv --reuid=postgres --regid=postgres --init-groups'
const PSQL = `${AS} psql -XAtqw -h "$socket" -p "$port" -d "$database"`
const SESSION = 'hactl-drill-session'

/** A session of the superuser that holds what `sql` took until it is ended. It ends with PostgreSQL, or after five minutes. */
export const session = (sql: string): string => `${WHERE}
systemctl stop ${SESSION} 2>/dev/null; systemctl reset-failed ${SESSION} 2>/dev/null
cd /
systemd-run --quiet --unit=${SESSION} --property=RuntimeMaxSec=300 --property=WorkingDirectory=/ \\
  ${PSQL} -c "begin; ${sql}; select pg_sleep(290)"`
export const END_SESSION = `systemctl stop ${SESSION} 2>/dev/null; systemctl reset-failed ${SESSION} 2>/dev/null; exit 0`

const FILL = '.hactl-drill-fill'

/** Takes every byte of the file system of a folder; as root the reserved blocks too. */
const fill = (folder: string): string => `cd -- ${folder} || exit 2
free=$(df --output=avail -B1 . | tail -n 1)
fallocate -l "$free" ${FILL} 2>/dev/null || fallocate -l "$((free - free / 100))" ${FILL} || exit 3
dd if=/dev/zero bs=4k of=${FILL}.rest 2>/dev/null
dd if=/dev/zero bs=1 count=1 of=${FILL}.probe conv=fsync 2>/dev/null && [ -s ${FILL}.probe ] && exit 4
rm -f ${FILL}.probe
exit 0`
const free = (folder: string): string =>
  `${WHERE}; cd -- ${folder} && rm -f ${FILL} ${FILL}.rest ${FILL}.probe; exit 0`

/** Beside the data directory: nothing of PostgreSQL looks there. */
const BESIDE = '"$(dirname "$(readlink -f "$data")")"'
const WAL = '"$(readlink -f "$data")"/pg_wal/'

export const FILL_DATA = `${WHERE}; ${fill(BESIDE)}`
export const FREE_DATA = free(BESIDE)

export const WAL_APART = `${WHERE}
[ "$(stat -Lc %d ${WAL})" != "$(stat -Lc %d "$data")" ] && exit 0
echo 'the WAL is on the disk of the data: fill-disk fills both'; exit 77`
/** PostgreSQL leaves files in pg_wal alone whose names are not of its own form. */
export const FILL_WAL = `${WHERE}; ${fill(WAL)}`
export const FREE_WAL = free(WAL)

const LIST = '/run/hactl-drill-writable'

/** Takes the right to write from every file and folder of the data, and remembers which had it. */
export const READ_ONLY = `${WHERE}
umask 077
[ -s ${LIST} ] || find "$(readlink -f "$data")" -perm -u+w -print0 >${LIST}
xargs -0r chmod -f u-w <${LIST}
cd /; timeout 5 ${PSQL} -c 'select pg_switch_wal()' >/dev/null 2>&1
exit 0`
export const WRITABLE = `[ ! -s ${LIST} ] || xargs -0r chmod -f u+w <${LIST}; rm -f ${LIST}; exit 0`

const CLOCK = '/run/hactl-drill-clock'

/** A container has no clock of its own: setting it would set that of the machine below. */
export const OWN_CLOCK = `systemd-detect-virt -qc || exit 0
echo 'a container shares the clock of its machine'; exit 77`
/** Sets the clock hours ahead, and notes it beside the time since boot, which does not jump. */
export const CLOCK_AHEAD = `systemd-detect-virt -qc && exit 1
umask 077
[ -s ${CLOCK} ] || echo "$(date +%s) $(cut -d. -f1 /proc/uptime)" >${CLOCK}
date -s "+3 hours" >/dev/null`
export const CLOCK_BACK = `systemd-detect-virt -qc && exit 0
[ -s ${CLOCK} ] || exit 0
read -r was up <${CLOCK}
date -s "@$((was + $(cut -d. -f1 /proc/uptime) - up))" >/dev/null && rm -f ${CLOCK}`
