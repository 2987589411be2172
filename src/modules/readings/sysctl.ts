import type { Reading } from '../../engine/probe.ts'

/** A running kernel setting. */
export interface KernelSetting {
  /** Undefined when this kernel does not have it. */
  readonly value: string | undefined
  /** False in containers for settings that belong to the whole machine. */
  readonly writable: boolean
}

/** The file of a kernel setting: dots become slashes, a slash inside a name stands for a dot (sysctl.d(5)). */
export const sysctlPath = (key: string): string =>
  `/proc/sys/${key.replaceAll(/[./]/g, (c) => (c === '.' ? '/' : '.'))}`

/** Blanks between the numbers of one value are written differently by people and by the kernel. */
export const sameBlanks = (value: string): string => value.trim().replaceAll(/\s+/g, ' ')

/**
 * One process for all: `grep` puts the path in front of each line. The shell's own `read` cannot be used, as it asks for
 * single bytes, which these files do not give. A value without any line counts as empty.
 */
const SCRIPT = `set -f
IFS='
'
found=$(grep -s '' /dev/null "$@")
for p do
if [ -w "$p" ]; then printf w; else printf r; fi
value= there=
for line in $found; do
case $line in "$p:"*) value=$value\${there:+$IFS}\${line#"$p:"} there=1 ;; esac
done
if [ "$there" ]; then printf '=%s\\0' "$value"; else printf '\\0'; fi
done`

/** Running kernel settings, many in one command. */
export const sysctl: Reading<KernelSetting> = {
  name: 'sysctl',
  command: (keys) => ({ argv: ['sh', '-c', SCRIPT, 'sysctl', ...keys.map(sysctlPath)], inline: true }),
  parse({ stdout }, keys) {
    const cells = stdout.split('\0')
    return new Map(
      keys.map((key, i) => {
        const cell = cells[i] ?? ''
        const value = cell[1] === '=' ? sameBlanks(cell.slice(2)) : undefined
        return [key, { value, writable: cell.startsWith('w') }] as const
      }),
    )
  },
  resource: (key) => `sysctl:${key}`,
}
