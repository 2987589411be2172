import { loadRegistry } from './lazy.ts'

/** Every module and fact, loaded; `registryFor` of lazy.ts loads only what one playbook needs. */
export const REGISTRY = await loadRegistry()
