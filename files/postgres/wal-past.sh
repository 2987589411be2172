#!/bin/sh
# What the WAL of a data directory holds from a position of a timeline on: records, commits, and the rows that committed
# transactions changed. Reads only. Lines of KEY=VALUE with tabs: what modules/postgres/wal-past.ts reads.
# Arguments: data directory, folder of programs, timeline, position, seconds, and folder of the socket and port of the
# server that is asked for the names of tables (port empty: rows are not told).
data=$1 bin=$2 timeline=$3 from=$4 seconds=$5 socket=$6 port=$7
LC_ALL=C
export LC_ALL
cd /
printf 'from=%s\t%s\n' "$from" "$timeline"
wal=$data/pg_wal dump=pg_waldump
[ -d "$wal" ] || { wal=$data/pg_xlog dump=pg_xlogdump; }
if [ ! -x "$bin/$dump" ]; then
  echo "error=$dump is not installed"
  exit 0
fi
# It always ends with an error: at the end of the WAL there is no valid record.
timeout "$seconds" "$bin/$dump" -p "$wal" -t "$timeline" -s "$from" 2>&1 | awk -v rows_of="$port" '
  function word(re, skip) { return match($0, re) ? substr($0, RSTART + skip, RLENGTH - skip) : "" }
  /^pg_(wal|xlog)dump: (error|fatal|FATAL)/ { e = $0; next }
  /^rmgr: / {
    n++; tx = word("tx: *[0-9]+", 3) + 0
    at = word("lsn: [0-9A-F]+/[0-9A-F]+", 5); size = word("/ *[0-9]+, tx:", 1); sub(",.*", "", size)
  }
  /^rmgr: Heap/ && /desc: (INSERT|UPDATE|HOT_UPDATE|DELETE|MULTI_INSERT)/ && rows_of != "" {
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
    printf "records=%d\t%s\t%d\n", n, at, size
    printf "commits=%d\t%s\t%s\n", commits, first, last
    if (e != "") printf "%s=%s\n", n ? "ended" : "error", e
    for (key in rows) { split(key, p, SUBSEP); if (p[1] in done) sum[p[2]] += rows[key] }
    for (rel in sum) printf "rel=%s\t%d\n", rel, sum[rel]
  }' | while IFS= read -r line; do
  case $line in
    rel=*)
      rel=${line%%	*} rel=${rel#rel=} count=${line##*	}
      db=$(psql -XAtqw -h "$socket" -p "$port" -d postgres -c "select datname from pg_database where oid = ${rel%%/*}" 2>/dev/null)
      table=
      [ -z "$db" ] || table=$(psql -XAtqw -h "$socket" -p "$port" -d "$db" -c "select pg_filenode_relation(0, ${rel##*/})" 2>/dev/null)
      if [ -n "$table" ]; then
        printf 'rows=%s.%s\t%s\n' "$db" "$table" "$count"
      else
        printf 'rows=database %s, file %s\t%s\n' "${rel%%/*}" "${rel##*/}" "$count"
      fi
      ;;
    *) printf '%s\n' "$line" ;;
  esac
done
exit 0
