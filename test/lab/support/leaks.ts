import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Lab } from './lab.ts'
import { MAIN, start } from './programs.ts'

export interface Sampler {
  /** Ends the sampling: every command line of this machine and of all nodes that was seen. */
  readonly stop: () => readonly string[]
}

/** Looks at a process so often after it was first seen: a forked one still carries its parent's arguments. */
const LOOKS = 5

/**
 * Samples the command lines of all processes, those of the nodes too: their processes are this machine's. What lives
 * shorter than some 20 ms can be missed, so the search is repeated in other runs.
 */
export function sampleProcesses(): Sampler {
  const seen = new Set<string>()
  const looks = new Map<string, number>()
  const look = (): void => {
    const pids = readdirSync('/proc').filter((name) => /^\d/.test(name))
    for (const pid of pids) {
      const count = looks.get(pid) ?? 0
      if (count >= LOOKS) continue
      looks.set(pid, count + 1)
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' '))
      } catch {
        // It ended in between.
      }
    }
    const alive = new Set(pids)
    for (const pid of looks.keys()) if (!alive.has(pid)) looks.delete(pid)
  }
  const timer = setInterval(look, 15)
  return {
    stop: () => {
      clearInterval(timer)
      return [...seen]
    },
  }
}

/** Names of the secrets whose value is in a text. */
export const leaked = (text: string, secrets: ReadonlyMap<string, string>): readonly string[] =>
  [...secrets].filter(([, value]) => text.includes(value)).map(([name]) => name)

/** Every file beside the inventory that holds a clear value, as `name: secrets`. */
export function leakedFiles(dir: string, secrets: ReadonlyMap<string, string>): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name)
      const names = leaked(readFileSync(path, 'latin1'), secrets)
      return names.length > 0 ? [`${path.slice(dir.length + 1)}: ${names.join(', ')}`] : []
    })
}

/** The values come on standard input, because a process list must not hold them; grep reads them from there. */
const SEARCH = `
values=$(mktemp)
cat >"$values"
grep -rlF --binary-files=text -f "$values" /etc /var /run /root /home /tmp /srv /opt 2>/dev/null |
  grep -vxF "$values" | while read -r file; do stat -c '%n %a %U' "$file"; done
journalctl -q -o cat --no-pager | grep -cF -f "$values" | sed 's/^/journal lines: /'
cibadmin --query | grep -cF -f "$values" | sed 's/^/CIB lines: /'
cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -cF -f "$values" | sed 's/^/command lines: /'
rm -f "$values"`

/** Every place of a node that holds a clear value, sorted: files with mode and owner, then counted lines. */
export async function searchNode(
  lab: Lab,
  node: string,
  secrets: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const argv = [
    process.execPath,
    MAIN,
    'lab',
    'ssh',
    '--name',
    lab.name,
    node,
    '--',
    `sh -c '${quoted(SEARCH)}'`,
  ]
  const ended = await start(argv, `${[...secrets.values()].join('\n')}\n`).ended
  expect(ended.code, ended.stderr).toBe(0)
  return ended.stdout.trim().split('\n').toSorted()
}

const quoted = (script: string): string => script.replaceAll("'", String.raw`'\''`)
