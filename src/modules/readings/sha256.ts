import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Reading } from '../../engine/probe.ts'

/** Only regular files are opened: reading a pipe or a device would never end. */
const SCRIPT =
  'for p do shift; if [ -f "$p" ]; then set -- "$@" "$p"; fi; done; [ $# -eq 0 ] || exec sha256sum -- "$@"'

/** sha256sum escapes a name with a newline, carriage return or backslash and marks the line with a backslash. */
const unescape = (name: string): string =>
  name.replaceAll(/\\([nr\\])/g, (_, c: string) => (c === 'n' ? '\n' : c === 'r' ? '\r' : '\\'))

/** The sha256 of any number of regular files in one command; undefined for everything else. */
export const sha256: Reading<string | undefined> = {
  name: 'sha256',
  command: (paths) => ({ argv: ['sh', '-c', SCRIPT, 'sha256', ...paths], inline: true }),
  parse({ code, stdout, stderr }, paths) {
    if (code !== 0) {
      throw new HactlError(
        problem('host/cannot-read', `a file cannot be read: ${stderr.trim()}`),
        EXIT.failed,
      )
    }
    const sums = new Map<string, string>()
    for (const line of stdout.split('\n')) {
      const match = /^(\\?)([0-9a-f]{64}) [ *](.*)$/s.exec(line)
      if (match) sums.set(match[1] ? unescape(match[3] ?? '') : (match[3] ?? ''), match[2] ?? '')
    }
    return new Map(paths.map((path) => [path, sums.get(path)]))
  },
  resource: (path) => `file:${path}`,
}
