import type { Action, Fact, Module, Registry } from '../engine/module.ts'
import { copy } from './copy.ts'
import { directory } from './directory.ts'
import { template } from './template.ts'

const MODULES: readonly (Module | Action)[] = [copy, directory, template]

const FACTS: readonly Fact[] = []

/** Everything a task may name. The list is explicit: a module that is not here does not exist. */
export const REGISTRY: Registry = {
  modules: new Map(MODULES.map((module) => [module.spec.name, module])),
  facts: new Map(FACTS.map((fact) => [fact.name, fact])),
}
