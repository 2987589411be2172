import type { Reading } from '../../engine/probe.ts'

/** The file of a kernel setting: dots become slashes, a slash inside a name stands for a dot (sysctl.d(5)). */
export const sysctlPath = (key: string): string =>
  `/proc/sys/${key.replaceAll(/[./]/g, (c) => (c === '.' ? '/' : '.'))}`

/** Blanks between the numbers of one value are written differently by people and by the kernel. */
export const sameBlanks = (value: string): string => value.trim().replaceAll(/\s+/g, ' ')

const SCRIPT = `for p do
if value=$(cat -- "$p" 2>/dev/null); then printf '=%s\\0' "$value"; else printf '\\0'; fi; done`

/** Running kernel settings, many in one command; undefined for one this kernel does not have. */
export const sysctl: Reading<string | undefined> = {
  name: 'sysctl',
  command: (keys) => ({ argv: ['sh', '-c', SCRIPT, 'sysctl', ...keys.map(sysctlPath)] }),
  parse({ stdout }, keys) {
    const cells = stdout.split('\0')
    return new Map(
      keys.map((key, i) => {
        const cell = cells[i] ?? ''
        return [key, cell.startsWith('=') ? sameBlanks(cell.slice(1)) : undefined] as const
      }),
    )
  },
  resource: (key) => `sysctl:${key}`,
}
