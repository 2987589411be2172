#!/bin/sh
# Runs apt-get once nobody else holds its locks. First argument: `update`, or `hold` or `free` before the arguments of
# apt-get. `hold` keeps services from being started by the packages: policy-rc.d says no (exit 101, Debian's policy-rc.d
# specification) while the command runs. A file left over from a killed run is recognised by its mark, and a dpkg run that
# was cut off is finished first.
LC_ALL=C
export LC_ALL
end=$(($(date +%s) + 600)) told=
# POSIX locks by the kernel's list: `1: POSIX ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF`.
holders() {
  for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do
    inode=$(stat -c %i "$lock" 2>/dev/null) || continue
    awk -v i="$inode" '$2 == "POSIX" { split($6, id, ":"); if (id[3] == i) print $5 }' /proc/locks |
      while read -r pid; do
        # Numbers of inodes repeat on other file systems: the process must have this file open.
        readlink "/proc/$pid/fd/"* 2>/dev/null | grep -qxF "$lock" && echo "$pid $lock"
      done
  done
}
free() {
  while held=$(holders) && [ -n "$held" ] && [ "$(date +%s)" -lt "$end" ]; do
    if [ -z "$told" ]; then
      told=$(printf '%s\n' "$held" | while read -r pid lock; do
        echo "$lock is held by $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)(process $pid)"
      done)
      printf 'waiting: %s\n' "$told" >&2
    fi
    sleep 1
  done
}
# Somebody may be quicker after the wait.
patiently() {
  while :; do
    free
    "$@" && return 0
    code=$?
    if [ -z "$(holders)" ] || [ "$(date +%s)" -ge "$end" ]; then return "$code"; fi
  done
}
if [ "$1" = update ]; then
  patiently apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 update || exit
  # apt leaves the folder's time alone when nothing was new.
  touch /var/lib/apt/lists
  exit 0
fi
policy=/usr/sbin/policy-rc.d
grep -qs 'made by hactl' "$policy" && rm -f "$policy"
if [ "$1" = hold ] && ! [ -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 129' HUP INT TERM
  printf '#!/bin/sh\n# made by hactl while packages are installed\nexit 101\n' >"$policy"
  chmod 0755 "$policy"
fi
shift
# Answers every question of dpkg with "keep the file that is there".
patiently dpkg --configure -a --force-confdef --force-confold || exit
patiently apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef \
  -o Dpkg::Options::=--force-confold "$@"
