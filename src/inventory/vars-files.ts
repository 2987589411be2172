import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import { describe } from '../schema/explain.ts'
import { kindOf, readTextFile } from '../schema/read-text.ts'
import { parseYaml } from '../schema/yaml.ts'
import { type Layout, type MutableLayer, type Sourced, isMap } from './layout.ts'
import type { FileLayers } from './merge.ts'

const EXTENSIONS = ['', '.yml', '.yaml', '.json']

/** Linux allows 255 bytes; an ending must fit, too. */
const LONGEST_NAME = 200

/** Variables of `group_vars/NAME` or `host_vars/NAME` beside an inventory: a file, or a folder of files. */
export interface VarsFiles {
  readonly vars: MutableLayer
  readonly diagnostics: readonly Diagnostic[]
}

/** Finds and reads them with Ansible's rules: the first of NAME, NAME.yml, NAME.yaml, NAME.json; a folder in name order. */
export function readVarsFiles(dir: string, kind: 'group_vars' | 'host_vars', name: string): VarsFiles {
  const vars = new Map<string, Sourced>()
  const diagnostics: Diagnostic[] = []
  // A name that no file can have has no file either.
  const possible = name.length > LONGEST_NAME || name.includes('/') ? [] : EXTENSIONS
  const found = possible.map((extension) => join(dir, kind, `${name}${extension}`)).filter(exists)
  const [first, ...ignored] = found
  for (const file of first === undefined ? [] : listFiles(first, diagnostics)) {
    const text = readTextFile(file)
    if (typeof text !== 'string') {
      diagnostics.push(text)
      continue
    }
    const source = parseYaml(text, file, { unsafe: true })
    diagnostics.push(...source.diagnostics)
    if (source.data === undefined || source.data === null) continue
    if (!isMap(source.data)) {
      const summary = `${file} is ${describe(source.data)}, but must be a map of variables`
      diagnostics.push(
        problem('inventory/not-a-map', summary, { at: source.where([]), hint: 'write "name: value" lines' }),
      )
      continue
    }
    for (const [key, value] of Object.entries(source.data)) vars.set(key, { value, source, path: [key] })
  }
  for (const file of ignored) {
    const summary = `${file} is not read, because ${first} is there too`
    diagnostics.push({
      ...problem('inventory/ignored-file', summary, {
        hint: `put both into a folder ${join(dir, kind, name)}/`,
      }),
      severity: 'warning',
      at: { file, line: 1, col: 1 },
    })
  }
  return { vars, diagnostics }
}

/** Names that have variables: to find those that belong to no group or host. */
const listVarsNames = (dir: string, kind: 'group_vars' | 'host_vars'): readonly string[] =>
  isDirectory(join(dir, kind))
    ? readdirSync(join(dir, kind))
        .filter((name) => !name.startsWith('.') && !name.endsWith('~'))
        .sort()
    : []

const exists = (path: string): boolean => kindOf(path) !== undefined
const isDirectory = (path: string): boolean => kindOf(path) === 'folder'

/** Folders in folders, deeper than anybody writes: links that lead back to themselves. */
const MOST_FOLDERS = 20

function listFiles(path: string, diagnostics: Diagnostic[], depth = 0): readonly string[] {
  if (!isDirectory(path)) return [path]
  if (depth > MOST_FOLDERS) {
    const hint = 'remove the symbolic link that leads back to a folder above it'
    diagnostics.push(problem('inventory/folder-circle', `${path} lies in itself`, { hint }))
    return []
  }
  return readdirSync(path)
    .filter((name) => !name.startsWith('.') && !name.endsWith('~'))
    .sort()
    .flatMap((name) => {
      const full = join(path, name)
      const extension = /\.[^.]*$/.exec(name)?.[0] ?? ''
      if (isDirectory(full)) return extension === '' ? listFiles(full, diagnostics, depth + 1) : []
      return EXTENSIONS.includes(extension) ? [full] : []
    })
}

/** All variables of `group_vars/` and `host_vars/`. */
export interface Files extends FileLayers {
  readonly diagnostics: readonly Diagnostic[]
}

/** Reads `group_vars/` and `host_vars/` of every group and host; files of nobody are warnings. */
export function readFileLayers(dir: string, layout: Layout): Files {
  const diagnostics: Diagnostic[] = []
  const read = (kind: 'group_vars' | 'host_vars', names: Iterable<string>): Map<string, MutableLayer> => {
    const present = listVarsNames(dir, kind)
    if (present.length === 0) return new Map()
    const known = [...names]
    diagnostics.push(...strayFiles(join(dir, kind), present, known))
    return new Map(
      known.map((name) => {
        const { vars, diagnostics: problems } = readVarsFiles(dir, kind, name)
        diagnostics.push(...problems)
        return [name, vars]
      }),
    )
  }
  const groups = read('group_vars', [...layout.groups.keys(), 'ungrouped'])
  return { groups, hosts: read('host_vars', layout.hosts.keys()), diagnostics }
}

/** `group_vars/postgre.yml` for a group called postgres: Ansible ignores it without a word. */
function strayFiles(dir: string, present: readonly string[], known: readonly string[]): Diagnostic[] {
  return present.flatMap((entry) => {
    const name = entry.replace(/\.(ya?ml|json)$/, '')
    if (known.includes(name) || known.includes(entry)) return []
    const guess = suggest(name, known)
    const hint = guess === undefined ? `known names: ${known.join(', ')}` : `did you mean "${guess}"?`
    const summary = `${join(dir, entry)} belongs to no group or host of the inventory`
    const at = { file: join(dir, entry), line: 1, col: 1 }
    return [{ ...problem('inventory/stray-file', summary, { at, hint }), severity: 'warning' as const }]
  })
}
