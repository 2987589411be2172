import { runWith } from '../../engine/step.ts'
import type { RunStep } from '../../engine/step.ts'
import type { Text } from '../../lib/secret.ts'
import { connection, psql } from './sql.ts'
import type { Server } from './sql.ts'

/**
 * Checks what the server thinks of the files as they are now, then reloads and waits until new connections
 * see it. On any error the old content (standard input) goes back and is loaded again, so that a broken file
 * never stays. Signals the postmaster by its pid file for that: the new pg_hba.conf may have locked us out.
 */
const SCRIPT = `c=$1 data=$2 file=$3 had=$4 check=$5
old=$(cat; echo .); old=\${old%.}
q() { printf '%s\\n' "$1" | ${psql('"$c"').join(' ')}; }
hup() { kill -HUP "$(head -n 1 "$data/postmaster.pid")"; }
back() {
  echo "$1" >&2
  [ -n "$file" ] || exit 1
  if [ "$had" = absent ]; then rm -f -- "$file" || : >"$file"; else printf '%s' "$old" >"$file"; fi
  hup
  echo "the old $file is back" >&2
  exit 1
}
bad=$(q "$check" 2>&1) || back "$bad"
[ -z "$bad" ] || back "$bad"
before=$(q 'select pg_conf_load_time()') || back 'no connection'
hup || exit 1
n=0
while :; do
  now=$(q 'select pg_conf_load_time()' 2>&1) || back "after the reload nobody can log in: $now"
  [ "$now" = "$before" ] || break
  n=$((n+1)); [ "$n" -lt 100 ] || back 'the server did not reload within 10 s'
  sleep 0.1
done
bad=$(q "$check" 2>&1) || back "$bad"
[ -z "$bad" ] || back "$bad"`

/** Lines of the configuration files that the server refuses; waiting for a restart is no error. */
export const CONFIG_CHECK = `select coalesce(f.name || ' ', '') || coalesce(f.sourcefile || ':' || f.sourceline || ': ', '') || f.error
from pg_catalog.pg_file_settings f where f.error is not null and not exists (
  select 1 from pg_catalog.pg_settings s where lower(s.name) = lower(f.name) and s.context = 'postmaster')`

/** Lines of pg_hba.conf that the server refuses (10 and later). */
export const HBA_CHECK = `select 'line ' || line_number || ': ' || error from pg_catalog.pg_hba_file_rules where error is not null`

export interface ReloadOptions {
  readonly server: Server
  readonly dataDir: string
  /** SQL that prints one line a mistake. */
  readonly check: string
  /** The file just written, and what was in it. */
  readonly written?: { readonly file: string; readonly old: Text | undefined }
}

/** A step that loads changed files into the running server, or puts the old file back and fails. */
export const reloadStep = ({ server, dataDir, check, written }: ReloadOptions): RunStep =>
  runWith(
    {
      as: server.account,
      stdin: written?.old ?? '',
      impact: 'reload',
      timeoutMs: 60_000,
    },
    'sh',
    '-c',
    SCRIPT,
    'reload',
    connection(server),
    dataDir,
    written?.file ?? '',
    written && written.old === undefined ? 'absent' : 'present',
    check,
  )
