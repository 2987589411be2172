import { dirname, join } from 'node:path'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { HactlError, problem } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'
import { kindOf, readTextFile } from '../schema/read-text.ts'
import { parseYaml } from '../schema/yaml.ts'
import { directHosts } from './belonging.ts'
import { readClusters } from './clusters.ts'
import { groupMembers, judgeHosts, readCarriers, readHosts } from './hosts.ts'
import type { Inventory, Vars } from './inventory.ts'
import { readLayout } from './layout.ts'
import { type SecretOptions, loadSecrets } from './secrets.ts'
import type { StackSpec } from './stack-spec.ts'
import { readFileLayers } from './vars-files.ts'
import { checkWhole, hidePasswords } from './whole.ts'

export interface LoadOptions {
  /** Without it `cluster` variables are not checked against a schema. */
  readonly stacks?: readonly StackSpec[]
  readonly secrets?: SecretOptions
}

export interface LoadedInventory {
  /** As much as could be understood; use it only when no diagnostic is an error. */
  readonly inventory: Inventory
  readonly diagnostics: readonly Diagnostic[]
}

/** Reads an inventory (a YAML file, or a folder that holds inventory.yml or hosts.yml). Everything wrong is a diagnostic. */
export async function loadInventory(path: string, options: LoadOptions = {}): Promise<LoadedInventory> {
  const file = inventoryFile(path)
  if (typeof file !== 'string') return { inventory: emptyInventory(path), diagnostics: [file] }
  const dir = dirname(file)
  const text = readTextFile(file)
  if (typeof text !== 'string') return { inventory: emptyInventory(file), diagnostics: [text] }
  const ini = iniProblem(file, text)
  if (ini) return { inventory: emptyInventory(file), diagnostics: [ini] }
  const layout = readLayout(parseYaml(text, file, { unsafe: true }))
  const files = readFileLayers(dir, layout)
  const loaded = await loadSecrets(dir, options.secrets ?? {})
  const extra: Vars = loaded.values
    ? { secrets: loaded.values }
    : loaded.closed === true
      ? { secrets: new Secret('') }
      : {}
  const passwords = hidePasswords(layout, files)
  const hosts = readHosts({ dir, layout, files, extra })
  const clusters = readClusters({
    carriers: readCarriers(layout, files),
    hosts: hosts.hosts,
    direct: (group) => directHosts(layout, group),
    extra,
    ...(options.stacks && { stacks: options.stacks }),
  })
  const judged = judgeHosts(
    hosts,
    new Set(clusters.clusters.flatMap((each) => each.hosts.map(({ name }) => name))),
  )
  const inventory: Inventory = {
    file,
    dir,
    hosts: new Map(judged.hosts.map((host) => [host.name, host])),
    groups: groupMembers(layout, hosts.hosts),
    clusters: clusters.clusters,
    secrets: [...loaded.secrets, ...passwords.secrets],
  }
  const diagnostics = [
    ...layout.diagnostics,
    ...files.diagnostics,
    ...loaded.diagnostics,
    ...passwords.diagnostics,
    ...checkWhole({ layout, files, inventory, reserved: Object.keys(extra) }),
    ...judged.diagnostics,
    ...clusters.diagnostics,
  ]
  return { inventory, diagnostics: dropEchoes(diagnostics) }
}

/** The inventory, or HactlError (exit 2) with everything that is wrong. Warnings are handed back. */
export async function openInventory(path: string, options: LoadOptions = {}): Promise<LoadedInventory> {
  const loaded = await loadInventory(path, options)
  if (loaded.diagnostics.some((each) => each.severity === 'error')) throw new HactlError(loaded.diagnostics)
  return loaded
}

const emptyInventory = (file: string): Inventory => ({
  file,
  dir: dirname(file),
  hosts: new Map(),
  groups: new Map(),
  clusters: [],
  secrets: [],
})

const NAMES = ['inventory.yml', 'inventory.yaml', 'hosts.yml', 'hosts.yaml']

function inventoryFile(path: string): string | Diagnostic {
  const kind = kindOf(path)
  if (kind === undefined) {
    const hint = 'check the path, or write one with `hactl init STACK DIR`'
    return problem('inventory/no-file', `there is no inventory ${path}`, { hint })
  }
  if (kind === 'file') return path
  const name = NAMES.find((each) => kindOf(join(path, each)) !== undefined)
  if (name !== undefined) return join(path, name)
  return problem('inventory/no-file', `the folder ${path} holds none of ${NAMES.join(', ')}`, {
    hint: 'name the file itself',
  })
}

const SECTION = /^\[[\w.-]+(:\w+)?\]\s*(?:[#;].*)?$/
/** `pg1 ansible_host=10.0.0.1`: a host with variables, or `key=value` below `:vars`; YAML has neither. */
const ASSIGNMENT = /^[\w.[\]:-]+(?:\s+[A-Za-z_]\w*=\S*)+\s*(?:#.*)?$/

/** An INI inventory, with sections or without: named as what it is, with the way over. */
function iniProblem(file: string, text: string): Diagnostic | undefined {
  const lines = text.split('\n', MOST_INI_LINES).map((line) => line.slice(0, MOST_INI_LINES).trimEnd())
  const section = lines.findIndex((line) => SECTION.test(line))
  const written = lines.findIndex((line) => line.trim() !== '' && !/^\s*[#;]/.test(line))
  const isPlain = written >= 0 && lines.slice(written).every(isIniLine)
  if (section < 0 && !isPlain) return undefined
  const summary = 'this is an INI inventory; hactl reads the YAML form'
  const hint = `convert it: ansible-inventory -i ${file} --list --yaml --output converted.yml`
  const line = (section < 0 ? written : section) + 1
  return problem('inventory/ini', summary, { at: { file, line, col: 1 }, hint })
}

const MOST_INI_LINES = 2000

/** Lines of an INI file without a section: names of hosts, some with variables. One name alone could be YAML's text. */
function isIniLine(line: string, _: number, lines: readonly string[]): boolean {
  if (line.trim() === '' || /^\s*[#;]/.test(line) || ASSIGNMENT.test(line)) return true
  return (
    /^[A-Za-z0-9][\w.[\]:-]*$/.test(line) &&
    !line.endsWith(':') &&
    lines.filter((each) => each.trim() !== '').length > 1
  )
}

/** What says more about a place than that the value there has the wrong form. */
const FIRST = /^(?:yaml\/|inventory\/(?:undefined-variable|reference-circle|expression)$)/

/** One mistake, one message: a schema error where the YAML itself was already refused adds nothing. */
function dropEchoes(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const key = ({ at }: Diagnostic): string => (at ? `${at.file}:${at.line}:${at.col}` : '')
  const refused = new Set(diagnostics.filter((each) => FIRST.test(each.code)).map(key))
  return diagnostics.filter((each) => !each.at || FIRST.test(each.code) || !refused.has(key(each)))
}
