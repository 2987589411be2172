import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Action, Fact, Module, Registry } from '../engine/module.ts'

type Entry = Module | Action
interface Part {
  readonly modules?: readonly Entry[]
  readonly facts?: readonly Fact[]
}

const only = async <K extends string>(
  loading: Promise<Readonly<Record<K, Entry>>>,
  name: K,
): Promise<Part> => ({
  modules: [(await loading)[name]],
})

/**
 * Everything a task may name, by the first word of its name (`pcs_node` and `pcs.left_bans`: `pcs`). The list is
 * explicit: a module that is not here does not exist. Loading all of it costs some 50 ms of CPU, a usual playbook
 * needs half.
 */
const PARTS: Readonly<Record<string, () => Promise<Part>>> = {
  assert: () => only(import('./assert.ts'), 'assertModule'),
  block_in_file: () => only(import('./block_in_file.ts'), 'blockInFile'),
  command: () => only(import('./command.ts'), 'command'),
  copy: () => only(import('./copy.ts'), 'copy'),
  debug: () => only(import('./debug.ts'), 'debug'),
  directory: () => only(import('./directory.ts'), 'directory'),
  file: () => only(import('./file.ts'), 'file'),
  firewall_port: () => only(import('./firewall_port.ts'), 'firewallPort'),
  group: () => only(import('./group.ts'), 'group'),
  hosts_entry: () => only(import('./hosts_entry.ts'), 'hostsEntry'),
  line_in_file: () => only(import('./line_in_file.ts'), 'lineInFile'),
  package: () => only(import('./package.ts'), 'packageModule'),
  preflight: () => only(import('./preflight.ts'), 'preflight'),
  reboot: () => only(import('./reboot.ts'), 'reboot'),
  service: () => only(import('./service.ts'), 'service'),
  symlink: () => only(import('./symlink.ts'), 'symlink'),
  sysctl: () => only(import('./sysctl.ts'), 'sysctl'),
  template: () => only(import('./template.ts'), 'template'),
  tls_certificate: () => only(import('./tls_certificate.ts'), 'tlsCertificate'),
  user: () => only(import('./user.ts'), 'user'),
  wait_for: () => only(import('./wait_for.ts'), 'waitFor'),
  facts: async () => {
    const { containerFact, hardwareFact, osFact } = await import('./facts.ts')
    return { facts: [containerFact, hardwareFact, osFact] }
  },
  patroni: async () => {
    const { PATRONI_FACTS, PATRONI_MODULES } = await import('./patroni/index.ts')
    return { modules: PATRONI_MODULES, facts: PATRONI_FACTS }
  },
  etcd: async () => ({ modules: (await import('./etcd/index.ts')).ETCD_MODULES }),
  pcs: async () => {
    const { PCS_FACTS, PCS_MODULES } = await import('./pcs/index.ts')
    return { modules: PCS_MODULES, facts: PCS_FACTS }
  },
  postgres: async () => {
    const { postgresFacts, postgresModules } = await import('./postgres/index.ts')
    return { modules: postgresModules, facts: postgresFacts }
  },
}

const named = <T>(items: readonly T[], nameOf: (item: T) => string): ReadonlyMap<string, T> =>
  new Map(items.map((item) => [nameOf(item), item]))

/** Loads the parts with these names; all when none are given. */
export async function loadRegistry(names: Iterable<string> = Object.keys(PARTS)): Promise<Registry> {
  const loaders = [...names].flatMap((name) => PARTS[name] ?? [])
  const parts = await Promise.all(loaders.map((load) => load()))
  return {
    modules: named(
      parts.flatMap((part) => part.modules ?? []),
      ({ spec }) => spec.name,
    ),
    facts: named(
      parts.flatMap((part) => part.facts ?? []),
      ({ name }) => name,
    ),
  }
}

/** Words of a playbook that may be modules, and the files it imports. Reads too much rather than too little. */
function wordsIn(file: string, found: Set<string>, seen: Set<string>): void {
  if (seen.has(file) || !existsSync(file)) return
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  for (const [word] of text.matchAll(/[a-z][a-z_]*/g)) {
    found.add(word)
    found.add(word.slice(0, Math.max(0, word.indexOf('_'))))
  }
  for (const [, path = ''] of text.matchAll(/\bimport:\s*["']?([^\s"'}]+)/g)) {
    // The two places where the engine looks for an import.
    for (const folder of ['.', '..']) wordsIn(resolve(dirname(file), folder, path), found, seen)
  }
}

/**
 * The registry with what a playbook and its imports name. A playbook that does not load with it must be loaded
 * again with all (`loadRegistry()`), so that messages know every name.
 */
export function registryFor(file: string): Promise<Registry> {
  const words = new Set(['facts'])
  wordsIn(resolve(file), words, new Set())
  return loadRegistry(Object.keys(PARTS).filter((name) => words.has(name)))
}
