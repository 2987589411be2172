/** Prints the age of apt's index in seconds; nothing when there is none. */
export const APT_AGE_SCRIPT = `set -- /var/lib/apt/lists/*Release
[ -e "$1" ] && echo $(($(date +%s) - $(stat -c %Y /var/lib/apt/lists)))
exit 0`

export const APT_ENV = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' } as const
