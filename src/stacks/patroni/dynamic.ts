import type { SettingValue } from '../../cluster/postgres.ts'
import { settingsOf } from './postgres.ts'
import type { Timing } from './timing.ts'
import type { PatroniVars } from './vars.ts'

type Config = Readonly<Record<string, unknown>>

const isMap = (value: unknown): value is Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Maps are merged key by key; anything else is replaced. */
const merge = (base: Config, over: Config): Config => ({
  ...base,
  ...Object.fromEntries(
    Object.entries(over).map(([key, value]) => {
      const old = base[key]
      return [key, isMap(old) && isMap(value) ? merge(old, value) : value]
    }),
  ),
})

/** Patroni keeps what it is given and PostgreSQL reads text: on and off, as in postgresql.conf. */
const parameter = (value: SettingValue): string | number =>
  typeof value === 'boolean' ? (value ? 'on' : 'off') : value

/** Patroni sets these itself and drops them from its configuration. */
const PATRONIS = new Set(['hot_standby', 'listen_addresses', 'port', 'cluster_name'])

/** `replication.mode` in Patroni's words (documentation, "Replication modes"). */
function modeKeys({ replication }: PatroniVars): Config {
  const nodes = { synchronous_node_count: replication.synchronous_nodes }
  switch (replication.mode) {
    case 'async':
      return { synchronous_mode: false, synchronous_mode_strict: false }
    case 'sync':
      return { synchronous_mode: true, synchronous_mode_strict: false, ...nodes }
    case 'strict':
      return { synchronous_mode: true, synchronous_mode_strict: true, ...nodes }
    case 'quorum':
      return { synchronous_mode: 'quorum', synchronous_mode_strict: false, ...nodes }
  }
}

/** Names of settings have no case, but Patroni keeps each spelling it is given. */
function foldParameters(settings: Config): Config {
  const { postgresql } = settings
  if (!isMap(postgresql) || !isMap(postgresql['parameters'])) return settings
  const folded = Object.entries(postgresql['parameters']).map(([name, value]) => [name.toLowerCase(), value])
  return { ...settings, postgresql: { ...postgresql, parameters: Object.fromEntries(folded) } }
}

/** The configuration that all members share and the lock service keeps. Pure. */
export function dynamicOf(vars: PatroniVars, timing: Timing): Config {
  const parameters = Object.fromEntries(
    Object.entries(settingsOf(vars, timing))
      .filter(([name]) => !PATRONIS.has(name))
      .map(([name, value]) => [name, parameter(value)]),
  )
  const base = {
    ttl: timing.ttl,
    loop_wait: timing.loopWait,
    retry_timeout: timing.retryTimeout,
    maximum_lag_on_failover: vars.replication.maximum_lag_on_failover,
    ...modeKeys(vars),
    failsafe_mode: vars.patroni.failsafe,
    ...(Object.keys(vars.patroni.slots).length > 0 && { slots: vars.patroni.slots }),
    postgresql: { use_pg_rewind: vars.patroni.rewind, use_slots: true, parameters },
  }
  return merge(base, foldParameters(vars.patroni.settings))
}
