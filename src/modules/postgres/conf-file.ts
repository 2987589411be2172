/** One `name = value` of a configuration file. */
export interface ConfLine {
  /** Lower case: names of settings have no case. */
  readonly name: string
  readonly value: string
  readonly line: number
}

export interface ConfFile {
  readonly lines: readonly ConfLine[]
  /** Numbers of lines that are no setting, comment or include. */
  readonly broken: readonly number[]
  readonly includes: readonly { readonly kind: string; readonly path: string }[]
}

const LINE =
  /^\s*([A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)*)\s*=?\s*('(?:[^'\\\n]|\\.|'')*'|[^\s'#=][^\s'#]*)\s*(?:#.*)?$/

/** Takes off the quotes: `''` and `\'` are a quote, C escapes as the server reads them. */
function unquote(text: string): string {
  if (!text.startsWith("'")) return text
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }
  return text.slice(1, -1).replaceAll(/''|\\([0-7]{1,3}|.)/g, (whole, code: string | undefined) => {
    if (whole === "''" || code === undefined) return "'"
    if (/^[0-7]/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8))
    return escapes[code] ?? code
  })
}

/** Reads a file in the form of postgresql.conf (guc-file.l); later lines win, which is the caller's matter. */
export function parseConf(text: string): ConfFile {
  const lines: ConfLine[] = []
  const broken: number[] = []
  const includes: { kind: string; path: string }[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    if (/^\s*(#.*)?$/.test(raw)) continue
    const match = LINE.exec(raw)
    const name = (match?.[1] ?? '').toLowerCase()
    if (!match) broken.push(index + 1)
    else if (/^include(_dir|_if_exists)?$/.test(name))
      includes.push({ kind: name, path: unquote(match[2] ?? '') })
    else lines.push({ name, value: unquote(match[2] ?? ''), line: index + 1 })
  }
  return { lines, broken, includes }
}

/** The value as it is written in a file: numbers with units and words plain, all else quoted. */
export const quoteSetting = (value: string): string =>
  /^-?\d+(\.\d+)?(B|kB|MB|GB|TB|us|ms|s|min|h|d)?$/.test(value) || /^[A-Za-z][A-Za-z0-9_]*$/.test(value)
    ? value
    : `'${value
        .replaceAll('\\', '\\\\')
        .replaceAll("'", "''")
        .replaceAll('\n', String.raw`\n`)}'`

const HEADER = '# Written by hactl from the inventory: changes here are undone by the next apply.\n'

/** The included file: sorted, so that the same settings give the same file. */
export const renderConf = (settings: Readonly<Record<string, string>>): string =>
  HEADER +
  Object.entries(settings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} = ${quoteSetting(value)}\n`)
    .join('')
