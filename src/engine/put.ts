import { quote } from '../lib/quote.ts'
import { reveal, Secret } from '../lib/secret.ts'
import type { Command } from '../transport/transport.ts'
import { AS_OWNER, endInForeign } from './owner-guard.ts'
import type { PutStep } from './step.ts'

/**
 * Atomic write, POSIX sh + coreutils: temporary file in the same folder, optional check, fsync where `sync FILE` exists
 * (coreutils 8.24), SELinux label, rename. `install` makes the file anew and readable by its maker alone until owner
 * and mode are set; it is one process where mktemp, cat, chown and chmod would be four.
 * In a folder of another account it runs as that account.
 * Exit 75 (EX_TEMPFAIL): the file is neither what was expected nor what is wanted. A session that has lost its controller ends its
 * commands with SIGTERM, of which a shell dies without its EXIT trap: it is made an exit, so that no temporary file stays behind.
 */
const PUT = `
path=$1 owner=$2 mode=$3 group=$4 expect=$5; shift 5
if [ -n "$expect" ]; then
  if [ -e "$path" ]; then sum=$(sha256sum < "$path"); sum=\${sum%% *}; else sum=absent; fi
  if [ "$sum" != "$expect" ]; then
    [ -f "$path" ] && [ "$(sha256sum)" = "$(sha256sum < "$path")" ] && exit 0
    echo "$path was changed by somebody else meanwhile" >&2
    exit 75
  fi
fi
if [ -e "$path" ]; then
  [ -n "$mode" ] || mode=$(stat -c %a "$path")
  # What an account makes in its own folder is its own.
  [ -n "$who$owner" ] || owner=$(stat -c %U "$path")
  [ -n "$who$group" ] || group=$(stat -c %G "$path")
fi
tmp=$path.hactl-$HACTL_SESSION_PID-$$
trap 'rm -f "$tmp"' EXIT
trap 'exit 143' TERM
if [ -n "$who" ]; then
  # /dev/stdin is root's: another account reads it, and cannot open it anew.
  (umask 077 && cat >"$tmp") && chmod -- "\${mode:-0644}" "$tmp" || exit 1
  [ -z "$group" ] || chgrp -- "$group" "$tmp" || exit 1
else
  install -m "\${mode:-0644}" \${owner:+-o "$owner"} \${group:+-g "$group"} /dev/stdin "$tmp" || exit 1
fi
if [ $# -gt 0 ]; then
  for word do shift; [ "$word" = %s ] && word=$tmp; set -- "$@" "$word"; done
  "$@" || exit 1
fi
sync "$tmp" 2>/dev/null
if command -v restorecon >/dev/null 2>&1; then chcon --reference="$path" "$tmp" 2>/dev/null; fi
mv -f "$tmp" "$path" || exit 1
trap - EXIT
if command -v restorecon >/dev/null 2>&1; then restorecon "$path" 2>/dev/null; fi
exit 0`

/** Writes one file. */
export const putCommand = (step: PutStep): Command => ({
  argv: [
    'sh',
    '-c',
    AS_OWNER,
    'hactl-put',
    PUT,
    step.path,
    step.owner ?? '',
    step.mode ?? '',
    step.group ?? '',
    step.expect ?? '',
    ...(step.validate ?? []),
  ],
  inline: true,
  stdin: step.content,
})

/**
 * The same for several files of one folder with one owner and mode, and a handful of processes in all instead of four
 * for each. They are made in a folder of their own beside their places, readable by their maker alone until owner and
 * mode are set, are all on the disk before the first is renamed, and nothing is renamed when anything before failed.
 */
const PUTS = `
dir=$1 mode=$2 owner=$3 sums=$4 new=$5; shift 5
${endInForeign('dir')}cd -- "$dir" || exit 1
for name do
  [ "$new" -gt 0 ] || break
  new=$((new-1))
  [ ! -e "$name" ] || exit 75
done
[ -z "$sums" ] || printf %s "$sums" | sha256sum -c >/dev/null 2>&1 || exit 75
umask 077
stage=.hactl-$HACTL_SESSION_PID-$$
trap 'cd -- "$dir" && rm -rf "$stage"' EXIT
trap 'exit 143' TERM
mkdir "$stage" || exit 1
cd "$stage" || exit 1
. /dev/stdin
[ -z "$owner" ] || chown -- "$owner" "$@" || exit 1
chmod -- "$mode" "$@" || exit 1
sync -- "$@" 2>/dev/null
if command -v restorecon >/dev/null 2>&1; then
  for name do chcon --reference="../$name" -- "$name" 2>/dev/null; done
fi
mv -f -- "$@" .. || exit 1
cd .. && rmdir "$stage" && trap - EXIT
if command -v restorecon >/dev/null 2>&1; then restorecon -- "$@" 2>/dev/null; fi
exit 0`

/** Names that no tool on the way writes in another form. */
const PLAIN = /^\/(?:[\w.@:+-]+\/)*\.?[\w@+][\w.@:+-]*$/
const MOST_BYTES = 200_000
const MOST_FILES = 100
const FEWEST_FILES = 3

const isNew = (step: PutStep): boolean => step.expect === 'absent'

/** Whether all that `putCommand` finds out on the host is known already. */
const isKnown = (step: PutStep): boolean =>
  step.validate === undefined &&
  PLAIN.test(step.path) &&
  !reveal(step.content).includes('\0') &&
  (isNew(step) ||
    ([step.mode, step.owner, step.group].every((each) => each !== undefined) && step.expect !== undefined))

const split = (path: string): readonly [dir: string, name: string] => {
  const slash = path.lastIndexOf('/')
  return [path.slice(0, slash) || '/', path.slice(slash + 1)]
}

const modeOf = (step: PutStep): string => step.mode ?? '0644'
const ownerOf = ({ owner = '', group }: PutStep): string => owner + (group === undefined ? '' : `:${group}`)

/** Files of equal key can be written by one command; undefined: only alone. */
export const putsKey = (step: PutStep): string | undefined =>
  isKnown(step) ? JSON.stringify([split(step.path)[0], modeOf(step), ownerOf(step)]) : undefined

/** Whether one command for these files of one key pays and fits. */
export const putsFit = (steps: readonly PutStep[]): boolean =>
  steps.length >= FEWEST_FILES &&
  steps.length <= MOST_FILES &&
  steps.reduce((sum, step) => sum + reveal(step.content).length, 0) <= MOST_BYTES

/** Writes all of several files of one key, each path once, or fails and leaves them to `putCommand`. */
export function putsCommand(steps: readonly PutStep[]): Command {
  const [first] = steps
  if (!first) throw new Error('no files')
  const fresh = steps.filter(isNew)
  const old = steps.filter((step) => !isNew(step))
  const nameOf = (step: PutStep): string => split(step.path)[1]
  const sums = old.map((step) => `${step.expect}  ${nameOf(step)}\n`).join('')
  const write = (step: PutStep): string =>
    `printf %s ${quote(reveal(step.content))} >${quote(`./${nameOf(step)}`)} || exit 1\n`
  return {
    argv: [
      'sh',
      '-c',
      PUTS,
      'hactl-put',
      split(first.path)[0],
      modeOf(first),
      ownerOf(first),
      sums,
      String(fresh.length),
      ...[...fresh, ...old].map(nameOf),
    ],
    inline: true,
    stdin: new Secret(steps.map(write).join('')),
  }
}
