/** Answers every question of dpkg with "keep the file that is there". */
const KEEP = '--force-confdef --force-confold'

/**
 * Runs apt-get with the arguments after the first. `hold` as the first keeps services from being started by
 * the packages: policy-rc.d says no (exit 101, Debian's policy-rc.d specification) while the command runs. A
 * file left over from a killed run is recognised by its mark, and a dpkg run that was cut off is finished first.
 */
export const APT_SCRIPT = `policy=/usr/sbin/policy-rc.d
grep -qs 'made by hactl' "$policy" && rm -f "$policy"
if [ "$1" = hold ] && ! [ -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 129' HUP INT TERM
  printf '#!/bin/sh\\n# made by hactl while packages are installed\\nexit 101\\n' >"$policy"
  chmod 0755 "$policy"
fi
shift
dpkg --configure -a ${KEEP} || exit
apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef \\
  -o Dpkg::Options::=--force-confold "$@"`

/** Updates the index and notes when, because apt leaves the folder's time alone when nothing was new. */
export const APT_UPDATE_SCRIPT = `apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 update || exit
touch /var/lib/apt/lists`

/** Prints the age of apt's index in seconds; nothing when there is none. */
export const APT_AGE_SCRIPT = `set -- /var/lib/apt/lists/*Release
[ -e "$1" ] && echo $(($(date +%s) - $(stat -c %Y /var/lib/apt/lists)))
exit 0`

export const APT_ENV = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' } as const
