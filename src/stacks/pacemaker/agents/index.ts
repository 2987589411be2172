import type { Agent } from './agent.ts'
import { pgsql } from './pgsql.ts'

/** Every agent the variable `agent` may name. */
export const AGENTS: Readonly<Record<'pgsql', Agent>> = { pgsql }
