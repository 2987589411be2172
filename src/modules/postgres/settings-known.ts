import { suggest } from '../../lib/suggest.ts'
import { SETTINGS_15, SINCE, UNTIL } from './settings-list.ts'
import { numberIn, parseBool, settingText } from './values.ts'

interface Known {
  readonly kind: 'bool' | 'string' | 'enum' | 'integer' | 'real' | 'internal'
  readonly least?: number
  readonly most?: number
  readonly unit?: string
  readonly words?: readonly string[]
}

const split = (text: string): readonly string[] => text.split(/\s+/).filter((each) => each !== '')

function readKnown(kind: Known['kind'], text: string): readonly [string, Known] {
  const [name = '', rest = ''] = text.split('=')
  if (kind === 'enum') return [name, { kind, words: rest.replaceAll('+', ' ').split('|') }]
  const match = /^(.+?)\.\.([^/]+)(?:\/(.+))?$/.exec(rest)
  if (!match) return [name, { kind }]
  const [, least, most, unit] = match
  return [name, { kind, least: Number(least), most: Number(most), ...(unit !== undefined && { unit }) }]
}

let catalog: ReadonlyMap<string, Known> | undefined

/** Settings of 15 by name. */
function known(): ReadonlyMap<string, Known> {
  catalog ??= new Map(
    Object.entries(SETTINGS_15).flatMap(([kind, text]) =>
      split(text).map((each) => readKnown(kind as Known['kind'], each)),
    ),
  )
  return catalog
}

const versionsOf = (lists: Readonly<Record<number, string>>): ReadonlyMap<string, number> =>
  new Map(
    Object.entries(lists).flatMap(([version, names]) => split(names).map((name) => [name, Number(version)])),
  )
const since = versionsOf(SINCE)
const until = versionsOf(UNTIL)

/** What is wrong with a setting, and what to write. `sure`: the server refuses it; else it may know more than this list. */
export interface SettingFault {
  readonly fault: string
  readonly hint: string
  readonly sure: boolean
}

/** Kinds and words that are not the same in all versions: only those of the list's own version are judged. */
const CHANGED = new Set(['wal_compression', 'log_connections', 'password_encryption', 'compute_query_id'])
const LISTED = 15
/** Older versions than this had many other names and values. */
const OLDEST = 12

/** What is wrong with the name or the value of a setting of `postgresql.conf` in a major version; undefined: nothing known. */
export function settingFault(version: number, name: string, value: unknown): SettingFault | undefined {
  const key = name.toLowerCase()
  const found = known().get(key)
  // One of an extension: only the server that has loaded it knows more.
  if (key.includes('.') || version > 90 || version < OLDEST) return undefined
  const wrong = versionFault(version, name, key)
  if (wrong || (!found && (since.has(key) || until.has(key)))) return wrong
  if (!found) return strange(version, name, key)
  if (CHANGED.has(key) && version !== LISTED) return undefined
  return valueFault(version, found, name, settingText(value as string | number | boolean))
}

/** A setting that another version has. */
function versionFault(version: number, name: string, key: string): SettingFault | undefined {
  const came = since.get(key)
  if (came !== undefined && came > version) {
    return {
      fault: `PostgreSQL has ${name} from version ${came} on`,
      hint: 'remove it',
      sure: version === LISTED,
    }
  }
  const gone = until.get(key)
  if (gone === undefined || gone > version) return undefined
  const hint = key === 'wal_keep_segments' ? 'write wal_keep_size, in MB' : 'remove it'
  return { fault: `PostgreSQL has no ${name} from version ${gone} on`, hint, sure: true }
}

function strange(version: number, name: string, key: string): SettingFault {
  const guess = suggest(key, [...known().keys(), ...since.keys()])
  const hint =
    guess === undefined
      ? `look it up in PostgreSQL's documentation; a setting of an extension has a dot in its name`
      : `did you mean "${guess}"?`
  const isSure = guess !== undefined || version === LISTED
  return { fault: `PostgreSQL has no setting ${name}`, hint, sure: isSure }
}

function valueFault(version: number, setting: Known, name: string, value: string): SettingFault | undefined {
  const wrong = (hint: string): SettingFault => ({
    fault: `the setting ${name} cannot be ${JSON.stringify(value)}`,
    hint,
    sure: true,
  })
  switch (setting.kind) {
    case 'bool':
      return parseBool(value) === undefined ? wrong('write true or false') : undefined
    case 'enum':
      return isWord(version, setting, value)
        ? undefined
        : wrong(`write one of: ${(setting.words ?? []).join(', ')}`)
    case 'integer':
    case 'real':
      return numberFault(version, setting, value, wrong)
    case 'internal':
      return { fault: `${name} tells something and cannot be set`, hint: 'remove it', sure: true }
    case 'string':
      return undefined
  }
}

/** Whether an enum may have this word. Other versions than the list's have other words: only a slip is refused there. */
function isWord(version: number, { words = [] }: Known, value: string): boolean {
  const word = value.trim().toLowerCase()
  const isBool = words.includes('on') && parseBool(value) !== undefined
  if (isBool || words.includes(word) || HIDDEN.has(word)) return true
  return version !== LISTED && suggest(word, words) === undefined
}

/** Words that some enums take without showing them. */
const HIDDEN = new Set(['debug', 'info', 'hot_standby', 'archive', 'true', 'yes', '1', 'false', 'no', '0'])

/** What a number may be followed by. */
function unitsOf(unit: string | undefined): string {
  if (unit === undefined) return 'write a number without a unit'
  const units = unit.endsWith('B') ? 'B, kB, MB, GB or TB' : 'us, ms, s, min, h or d'
  return `write a number with a unit: ${units}`
}

function numberFault(
  version: number,
  { kind, unit, least = -Infinity, most = Infinity }: Known,
  value: string,
  wrong: (hint: string) => SettingFault,
): SettingFault | undefined {
  const number = numberIn(value, { vartype: kind === 'real' ? 'real' : 'integer', unit: unit ?? null })
  if (Number.isNaN(number)) return wrong(unitsOf(unit))
  if (number >= least && number <= most) return undefined
  // The range is that of the list's own version.
  const fault = wrong(`write ${least} to ${most}${unit === undefined ? '' : `, counted in ${unit}`}`)
  return { ...fault, sure: version === LISTED }
}
