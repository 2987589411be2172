import type { Action, Fact, Module } from '../../engine/module.ts'
import { patroniConfig } from './patroni_config.ts'
import { patroniRestart } from './patroni_restart.ts'
import { patroniWait } from './patroni_wait.ts'

/** What this folder adds to the list of modules. */
export const PATRONI_MODULES: readonly (Module | Action)[] = [patroniConfig, patroniRestart, patroniWait]
export const PATRONI_FACTS: readonly Fact[] = []
