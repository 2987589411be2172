import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Reading } from '../../engine/probe.ts'

/** Longest file whose content is fetched, in bytes: enough for any configuration file. */
export const TEXT_LIMIT = 262_144

export type FileText =
  | { readonly kind: 'absent' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'too-big'; readonly size: number }
  /** Holds NUL bytes or is not UTF-8. */
  | { readonly kind: 'binary'; readonly size: number }

/** For each path its size and content, each ended by NUL; NUL bytes of the content are dropped and so show in the size. */
const SCRIPT = `limit=$1; shift
sizes=$(for p do shift; [ ! -f "$p" ] || set -- "$@" "$p"; done; [ $# -eq 0 ] || exec wc -c -- "$@") || exit 1
for p do
  if [ -f "$p" ]; then
    size=\${sizes#"\${sizes%%[0-9]*}"}
    size=\${size%%[!0-9]*} sizes=\${sizes#*
}
    printf '%d\\0' "$size"
    [ "$size" -gt "$limit" ] || tr -d '\\000' <"$p"
  else printf '%s\\0' -
  fi
  printf '\\0'
done`

function fromCells(size: string, text: string): FileText {
  if (size === '-') return { kind: 'absent' }
  const bytes = Number(size)
  if (bytes > TEXT_LIMIT) return { kind: 'too-big', size: bytes }
  return Buffer.byteLength(text) === bytes ? { kind: 'text', text } : { kind: 'binary', size: bytes }
}

/** The content of small text files, many in one command. Symlinks are followed: look at `stat` first. */
export const text: Reading<FileText> = {
  name: 'text',
  command: (paths) => ({ argv: ['sh', '-c', SCRIPT, 'text', String(TEXT_LIMIT), ...paths], inline: true }),
  parse({ code, stdout, stderr }, paths) {
    if (code !== 0) {
      throw new HactlError(
        problem('host/cannot-read', `a file cannot be read: ${stderr.trim()}`),
        EXIT.failed,
      )
    }
    const cells = stdout.split('\0')
    return new Map(
      paths.map((path, i) => [path, fromCells(cells[2 * i] ?? '-', cells[2 * i + 1] ?? '')] as const),
    )
  },
  resource: (path) => `file:${path}`,
}
