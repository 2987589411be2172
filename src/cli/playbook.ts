import { HactlError } from '../diag/diagnostic.ts'
import type { Registry } from '../engine/module.ts'
import { loadPlaybook, type Playbook } from '../engine/playbook.ts'
import { loadRegistry, registryFor } from '../modules/lazy.ts'

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
