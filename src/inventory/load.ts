import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { HactlError, problem } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'
import { parseYaml } from '../schema/yaml.ts'
import { directHosts } from './belonging.ts'
import { readClusters } from './clusters.ts'
import { groupMembers, readCarriers, readHosts } from './hosts.ts'
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
  const text = readFileSync(file, 'utf8')
  const ini = iniProblem(file, text)
  if (ini) return { inventory: emptyInventory(file), diagnostics: [ini] }
  const layout = readLayout(parseYaml(text, file))
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
  const inventory: Inventory = {
    file,
    dir,
    hosts: new Map(hosts.hosts.map((host) => [host.name, host])),
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
    ...hosts.diagnostics,
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
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) {
    const hint = 'check the path, or write one with `hactl init STACK DIR`'
    return problem('inventory/no-file', `there is no inventory ${path}`, { hint })
  }
  if (!stat.isDirectory()) return path
  const name = NAMES.find((each) => statSync(join(path, each), { throwIfNoEntry: false }))
  if (name !== undefined) return join(path, name)
  return problem('inventory/no-file', `the folder ${path} holds none of ${NAMES.join(', ')}`, {
    hint: 'name the file itself',
  })
}

function iniProblem(file: string, text: string): Diagnostic | undefined {
  const line = text.split('\n').findIndex((each) => /^\[[\w-]+(:\w+)?\]\s*$/.test(each))
  if (line < 0) return undefined
  const summary = 'this is an INI inventory; hactl reads the YAML form'
  const hint = `convert it: ansible-inventory -i ${file} --list --yaml --output converted.yml`
  return problem('inventory/ini', summary, { at: { file, line: line + 1, col: 1 }, hint })
}

/** One mistake, one message: a schema error where the YAML itself was already refused adds nothing. */
function dropEchoes(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const key = ({ at }: Diagnostic): string => (at ? `${at.file}:${at.line}:${at.col}` : '')
  const refused = new Set(diagnostics.filter((each) => each.code.startsWith('yaml/')).map(key))
  return diagnostics.filter((each) => each.code.startsWith('yaml/') || !refused.has(key(each)))
}
