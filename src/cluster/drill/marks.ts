/** A line in the journal of a unit that tells when something happened. */
export interface Mark {
  /** `detected`: a member was found to be gone or broken. `decided`: what to do about it began to be done. */
  readonly what: 'detected' | 'decided'
  /** Identifiers of the journal (SYSLOG_IDENTIFIER). */
  readonly from: readonly string[]
  /** An extended regular expression. */
  readonly pattern: string
}

/** A moment and where it was read. Milliseconds since 1970. */
export interface Moment {
  readonly at: number
  readonly source: string
}

/** Prints the first line of the journal since `$1` (seconds) from the identifiers `$3…` that matches `$2`. */
export const MARK_SCRIPT = `since=$1 pattern=$2; shift 2
set -- $(for each do echo "-t $each"; done)
journalctl --no-pager -q -o short-unix --since "@$since" "$@" 2>/dev/null | grep -E -m 1 -- "$pattern"; exit 0`

/** The time and the text of a line of `journalctl -o short-unix`; undefined for another line. */
export function parseMark(
  line: string,
): { readonly at: number; readonly identifier: string; readonly text: string } | undefined {
  const match = /^(\d+\.\d+) \S+ ([^[:\s]+)(?:\[\d+\])?: (.*)$/.exec(line.trim())
  return match
    ? { at: Math.round(Number(match[1]) * 1000), identifier: match[2] ?? '', text: match[3] ?? '' }
    : undefined
}
