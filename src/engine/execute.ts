import type { Command } from '../transport/transport.ts'
import type { PutStep, Step } from './step.ts'

/**
 * Atomic write, POSIX sh + coreutils: temporary file in the same folder, optional check, fsync where `sync FILE` exists
 * (coreutils 8.24), SELinux label, rename. `install` makes the file anew and readable by its maker alone until owner
 * and mode are set; it is one process where mktemp, cat, chown and chmod would be four.
 * Exit 75 (EX_TEMPFAIL): the file is not what was expected.
 */
const PUT = `
path=$1 mode=$2 owner=$3 group=$4 expect=$5; shift 5
if [ -n "$expect" ]; then
  if [ -e "$path" ]; then sum=$(sha256sum < "$path"); sum=\${sum%% *}; else sum=absent; fi
  [ "$sum" = "$expect" ] || { echo "$path was changed by somebody else meanwhile" >&2; exit 75; }
fi
if [ -e "$path" ]; then
  [ -n "$mode" ] || mode=$(stat -c %a "$path")
  [ -n "$owner" ] || owner=$(stat -c %U "$path")
  [ -n "$group" ] || group=$(stat -c %G "$path")
fi
tmp=$path.hactl-$HACTL_SESSION_PID-$$
trap 'rm -f "$tmp"' EXIT
install -m "\${mode:-0644}" \${owner:+-o "$owner"} \${group:+-g "$group"} /dev/stdin "$tmp" || exit 1
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

const REMOVE = 'if [ -d "$1" ] && [ ! -L "$1" ]; then rmdir -- "$1"; else rm -f -- "$1"; fi'

/** The one command that a step is on the host; streamed uploads are not commands. */
export function toCommand(step: Exclude<Step, { kind: 'upload' }>, as: string | undefined): Command {
  switch (step.kind) {
    case 'run': {
      const { kind: _kind, impact: _impact, okCodes, ...command } = step
      return { ...(as !== undefined && { as }), ...command, okCodes: okCodes ?? [0] }
    }
    case 'put':
      return putCommand(step)
    case 'remove':
      return { argv: ['sh', '-c', REMOVE, 'hactl-remove', step.path] }
  }
}

const putCommand = (step: PutStep): Command => ({
  argv: [
    'sh',
    '-c',
    PUT,
    'hactl-put',
    step.path,
    step.mode ?? '',
    step.owner ?? '',
    step.group ?? '',
    step.expect ?? '',
    ...(step.validate ?? []),
  ],
  stdin: step.content,
})

/** The step as a person would type it, for messages and the journal. Secrets cannot be in it by type. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'run':
      return step.argv.map((arg) => (arg.length > 120 ? `${arg.slice(0, 117)}...` : arg)).join(' ')
    case 'put':
      return `write ${step.path}`
    case 'remove':
      return `remove ${step.path}`
    case 'upload':
      return `copy ${step.from} to ${step.path}`
  }
}
