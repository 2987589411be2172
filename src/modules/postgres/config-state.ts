import type { ConfFile } from './conf-file.ts'
import type { FileSetting, RunningServer, ServerState, Setting } from './server.ts'
import { sameValue } from './values.ts'

export const NOT_SET = 'not set'

/** What decides about one setting. */
export interface Situation {
  readonly wanted: string
  /** In hactl's own file; undefined: not there. */
  readonly inFile: string | undefined
  readonly row: Setting | undefined
  /** The last place in the files that sets it, which is the one that counts. */
  readonly last: FileSetting | undefined
  readonly ownConf: string
}

const isAuto = (file: string): boolean => file.endsWith('/postgresql.auto.conf')

/** Sources that no file can override: the server was started with them. */
const FIXED_SOURCES = new Set(['command line', 'environment variable', 'override', 'client'])

/** `4096` in 8 kB pages is shown as the server would: `4096 x 8kB` reads badly, so units are kept simple. */
export function showValue(row: Setting): string {
  const { setting, unit } = row
  if (setting === null) return NOT_SET
  if (!unit || row.vartype === 'string' || row.vartype === 'enum') return setting
  const match = /^(\d+)([A-Za-z]+)$/.exec(unit)
  return match ? `${Number(setting) * Number(match[1])}${match[2]}` : `${setting}${unit}`
}

/**
 * The value to compare with the wanted one: the wanted text itself when it is in force or will be at the next
 * restart, else what is there instead, with the reason.
 */
export function presentValue({ wanted, inFile, row, last, ownConf }: Situation): string {
  if (inFile === undefined) return row ? `${showValue(row)} (${row.source})` : NOT_SET
  if (!sameValue(inFile, wanted, row)) return inFile
  if (!row || row.pendingRestart || FIXED_SOURCES.has(row.source)) return wanted
  if (last && isAuto(last.file)) return wanted
  const by = overriddenBy({ wanted, inFile, row, last, ownConf })
  if (by) return `${by.value} (${by.file}:${by.line})`
  return same(row.setting, wanted, row) ? wanted : `${showValue(row)} (not reloaded)`
}

const same = (value: string | null, wanted: string, row: Setting | undefined): boolean =>
  value !== null && sameValue(value, wanted, row)

/** Where another file than hactl's own or ALTER SYSTEM wins with another value. */
export function overriddenBy({ wanted, inFile, row, last, ownConf }: Situation): FileSetting | undefined {
  if (inFile === undefined || !last || last.file === ownConf || isAuto(last.file)) return undefined
  return same(last.value, wanted, row) ? undefined : last
}

/** The value ALTER SYSTEM gives instead of the wanted one; undefined when it gives none or the same. */
export const alteredValue = ({ wanted, row, last }: Situation): string | undefined =>
  last && isAuto(last.file) && last.value !== null && !sameValue(last.value, wanted, row)
    ? last.value
    : undefined

/** The last value of every setting in a file, by lower-case name. */
export const fileValues = (file: ConfFile): ReadonlyMap<string, string> =>
  new Map(file.lines.map((line) => [line.name, line.value]))

export const running = (server: ServerState): RunningServer | undefined =>
  server.running ? server : undefined

/** One situation for every wanted setting, by its name as written. */
export function situations(
  wanted: Readonly<Record<string, string>>,
  file: ConfFile,
  ownConf: string,
  server: RunningServer | undefined,
): ReadonlyMap<string, Situation> {
  const inFile = fileValues(file)
  const rows = new Map(server?.settings.map((row) => [row.name.toLowerCase(), row]))
  return new Map(
    Object.entries(wanted).map(([name, value]) => {
      const key = name.toLowerCase()
      return [
        name,
        {
          wanted: value,
          inFile: inFile.get(key),
          row: rows.get(key),
          last: server?.fileSettings?.[key],
          ownConf,
        },
      ] as const
    }),
  )
}
