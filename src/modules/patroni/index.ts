import type { Action, Fact, Module } from '../../engine/module.ts'
import { patroniFacts } from './facts.ts'
import { patroniConfig } from './patroni_config.ts'
import { patroniConfigTaken } from './patroni_config_taken.ts'
import { patroniFailover } from './patroni_failover.ts'
import { patroniFlush } from './patroni_flush.ts'
import { patroniPause } from './patroni_pause.ts'
import { patroniReinit } from './patroni_reinit.ts'
import { patroniReload } from './patroni_reload.ts'
import { patroniRestart } from './patroni_restart.ts'
import { patroniSwitchover } from './patroni_switchover.ts'
import { patroniWait } from './patroni_wait.ts'

/** What this folder adds to the list of modules. */
export const PATRONI_MODULES: readonly (Module | Action)[] = [
  patroniConfig,
  patroniConfigTaken,
  patroniFailover,
  patroniFlush,
  patroniPause,
  patroniReinit,
  patroniReload,
  patroniRestart,
  patroniSwitchover,
  patroniWait,
]
export const PATRONI_FACTS: readonly Fact[] = patroniFacts
