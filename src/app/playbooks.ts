import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import type { Registry } from '../engine/module.ts'
import { loadPlaybook, type Playbook } from '../engine/playbook.ts'
import { suggest } from '../lib/suggest.ts'
import { loadRegistry, registryFor } from '../modules/lazy.ts'
import { PACKAGE } from './package.ts'
import type { Target } from './target.ts'

/** Folders that may hold templates or files for a playbook: the site's, the playbook's own, the package's. */
export const sourceFolders = (
  target: Target,
  kind: 'template' | 'file',
  playbook: string,
): readonly string[] => {
  const name = kind === 'template' ? 'templates' : 'files'
  return [join(target.inventory.dir, name), join(dirname(playbook), name), join(PACKAGE, name)]
}

export interface ReadPlaybook {
  readonly playbook: Playbook
  readonly registry: Registry
}

/**
 * A playbook with the modules it names. One with a mistake is read again with all modules, so that the suggestions
 * know every name. Throws HactlError (exit 2) with everything that is wrong.
 */
export async function readPlaybook(file: string): Promise<ReadPlaybook> {
  const registry = await registryFor(file)
  try {
    return { playbook: loadPlaybook(file, registry), registry }
  } catch (error) {
    if (!(error instanceof HactlError)) throw error
    const all = await loadRegistry()
    return { playbook: loadPlaybook(file, all), registry: all }
  }
}

/** Where playbooks of a target's stack are: the inventory's own first, then the package's. */
const foldersOf = (target: Target): readonly string[] =>
  [target.inventory.dir, PACKAGE].map((dir) => join(dir, 'playbooks', target.stack?.name ?? ''))

/**
 * A playbook of a target's stack by its verb: the inventory's own `playbooks/<stack>/` first, then the package's.
 * Throws HactlError with the names there are.
 */
function findPlaybook(target: Target, verb: string, names: () => readonly string[]): string {
  const file = foldersOf(target)
    .map((dir) => join(dir, `${verb}.yml`))
    .find((path) => existsSync(path))
  if (file !== undefined) return file
  const known = names()
  const close = suggest(verb, known)
  const hint = close ? `did you mean "${close}"?` : `there are: ${known.join(', ')}`
  throw new HactlError(problem('cli/no-runbook', `there is no runbook "${verb}"`, { hint }), EXIT.usage)
}

/** The playbook that deploys a target: the one given, or its stack's. */
export function deployment(target: Target, options: { readonly playbook?: string }): string {
  if (options.playbook !== undefined) return options.playbook
  if (target.stack) return findPlaybook(target, 'deploy', () => ['deploy'])
  throw new HactlError(
    problem(
      'inventory/no-cluster',
      `${target.inventory.file} has no "cluster" variable: nothing says what to deploy`,
      {
        hint: 'describe the cluster (hactl init STACK DIR writes an example), or name a playbook: --playbook FILE',
      },
    ),
  )
}

/** Names of a stack's runbooks, the site's and the package's. */
export function runbookNames(target: Target): readonly string[] {
  const names = foldersOf(target).flatMap((dir) => {
    try {
      return readdirSync(dir).filter((name) => name.endsWith('.yml'))
    } catch {
      return []
    }
  })
  return [...new Set(names.map((name) => name.slice(0, -4)))].filter((name) => name !== 'deploy').toSorted()
}

const plain = (name: string): string => name.replace(/^cls[_-]/, '').replaceAll('_', '-')

/** What other tools call by a name of their own, and the verb that shows it. */
const VERBS: Readonly<Record<string, string>> = {
  status: 'hactl status',
  show: 'hactl status',
  master: 'hactl status',
  primary: 'hactl status',
  list: 'hactl run --list',
  check: 'hactl doctor',
  doctor: 'hactl doctor',
}

/** A runbook by its name or one of its aliases. Throws HactlError with the names there are. */
export async function findRunbook(target: Target, name: string): Promise<ReadPlaybook> {
  const names = runbookNames(target)
  const wanted = plain(name)
  const load = (each: string): Promise<ReadPlaybook> => readPlaybook(findPlaybook(target, each, () => names))
  if (names.includes(wanted)) return load(wanted)
  for (const each of names) {
    const found = await load(each)
    if (found.playbook.aliases.some((alias) => plain(alias) === wanted)) return found
  }
  const instead = VERBS[wanted]
  if (instead === undefined) return load(wanted)
  throw new HactlError(
    problem('cli/no-runbook', `"${name}" is no runbook but a verb`, { hint: `${instead} INVENTORY` }),
    EXIT.usage,
  )
}
