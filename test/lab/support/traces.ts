import { expect } from 'vitest'
import type { Lab } from './lab.ts'

/**
 * Everything on a node that a plan or an empty apply must leave alone, one line each: every file of /etc with its
 * hash, owner, mode and times (the change time too, so that a rewrite with equal content is seen), units, packages,
 * the CIB's epochs, PostgreSQL's settings and start and load times. The CIB's num_updates is left out: the agent's
 * own reports count there.
 */
const SCRIPT = String.raw`
export LC_ALL=C
find /etc /root /usr/lib/ocf /var/lib/corosync /var/lib/pcsd /var/lib/postgresql/.pgpass /var/lib/postgresql/15/main/*.conf \
  -xdev ! -type d -printf '%p %m %u %g %s %T@ %C@ %l\n' 2>/dev/null | sort
find /etc -xdev -type f -exec sha256sum {} + | sort -k2
find /var/lib/postgresql/hactl -printf '%p %m %u\n' | sort
systemctl show -p Id,ActiveState,UnitFileState,ActiveEnterTimestampMonotonic \
  corosync pacemaker pcsd postgresql postgresql@15-main patroni etcd hactl-vip hactl-freeze | sed 's/^$/-/' | paste -sd' ' | sed 's/ - /\n/g'
dpkg-query -W | sha256sum
if command -v cibadmin >/dev/null; then
cibadmin --query | sed -n '1s/.*\( epoch="[0-9]*"\).*\( admin_epoch="[0-9]*"\).*/cib\1\2/p'
cibadmin --query --scope configuration | sha256sum
fi
runuser -u postgres -- /usr/lib/postgresql/15/bin/psql -XAtqw -d postgres <<'SQL'
select 'postmaster', pg_postmaster_start_time(), 'loaded', pg_conf_load_time();
select 'settings', md5(string_agg(concat_ws('|', name, setting, source), ',' order by name)) from pg_settings
  where name not like 'transaction%' and name <> 'in_hot_standby';
select 'roles', md5(string_agg(concat_ws('|', rolname, rolpassword), ',' order by rolname)) from pg_authid;
SQL
ls -A /run/hactl /tmp /var/tmp 2>/dev/null | grep -v systemd
ls -Ad /run/.hactl-* 2>/dev/null
true`

/** Snapshots of all nodes. */
export const snapshots = (lab: Lab): Promise<ReadonlyMap<string, string>> => lab.shAll(SCRIPT)

const lines = (text: string | undefined): readonly string[] => (text ?? '').split('\n')

/** Fails the test with the lines that differ. */
export function expectSame(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
  for (const [node, text] of after) {
    const [old, now] = [lines(before.get(node)), lines(text)]
    const gone = old.filter((line) => !now.includes(line)).map((line) => `- ${line}`)
    const fresh = now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`)
    expect([...gone, ...fresh], node).toEqual([])
  }
}

/** The time PostgreSQL started on a node. */
export const postmasterStart = (lab: Lab, node: string): Promise<string> =>
  lab.sh(node, "runuser -u postgres -- psql -XAtqw -d postgres -c 'select pg_postmaster_start_time()'")

/** The epoch of the CIB: it grows with every change of the configuration. */
export const cibEpoch = (lab: Lab, node: string): Promise<string> =>
  lab.sh(node, `cibadmin --query | sed -n '1s/.* epoch="\\([0-9]*\\)".*/\\1/p'`)
