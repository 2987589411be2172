/**
 * Programs that write into a folder which another account owns run as that account: it can replace every part of a path
 * below its own folder by a link at any moment, and must lead root nowhere. POSIX sh, stat, runuser.
 *
 * `foreign PATH` prints "UID NAME" of the first account but root that owns a folder or a link on the way to PATH.
 */
const FOREIGN = `
owners() {
  part=\${1%/*}; set --
  while [ -n "$part" ]; do set -- "$part" "$@"; part=\${part%/*}; done
  [ $# -eq 0 ] || stat -c '%u %U' -- "$@" 2>/dev/null | while read -r uid name; do
    [ "$uid" = 0 ] || { echo "$uid $name"; break; }
  done
}
foreign() {
  found=$(owners "$1"); dir=\${1%/*}
  if [ -z "$found" ]; then
    here=$(cd -P -- "\${dir:-/}" 2>/dev/null && pwd -P)
    [ "$here" = "\${dir:-/}" ] || found=$(owners "$here/x")
  fi
  [ -z "$found" ] || [ "$(id -u)" != 0 ] || echo "$found"
}`

/** Ends a program with 75 where a folder is another account's. `dir`: the variable that holds the folder. */
export const endInForeign = (dir: string): string =>
  `${FOREIGN}\n[ -z "$(foreign "$${dir}/x")" ] || exit 75\n`

/**
 * The program `$1` for the path `$2`, with the wanted owner `$3` and what it takes besides, as whoever owns the folder.
 * `who` in it is that account, empty when it is root's own.
 */
export const AS_OWNER = `${FOREIGN}
body=$1; shift
who=$(foreign "$1"); uid=\${who%% *} who=\${who#* }
if [ -z "$who" ]; then eval "$body"; exit; fi
if [ -n "$2" ] && [ "$2" != "$who" ] && [ "$2" != "$uid" ]; then
  echo "\${1%/*} is a folder of $who: root does not make a file of $2 there, because $who could lead it elsewhere" >&2
  exit 1
fi
export who
runuser -u "$who" -- sh -c "$body" hactl "$@"`
