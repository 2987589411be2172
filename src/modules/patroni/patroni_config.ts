import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import type { Impact } from '../../engine/impact.ts'
import { defineModule } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { serverArgs } from '../postgres/args.ts'
import { readServer } from '../postgres/server.ts'
import { call } from './call.ts'
import { comparable, isRecord, merged, parameters, patchOf, presentOf, wantedOf } from './config-diff.ts'
import { readConfig } from './documents.ts'
import type { Config } from './documents.ts'
import { restArgs } from './rest.ts'

const args = Type.Object({
  config: Type.Map(Type.Unknown({ description: 'A value, or a map of keys; null removes the key.' }), {
    description: 'Wanted keys of the dynamic configuration; those not named are left alone.',
  }),
  ...restArgs,
  ...serverArgs,
})
type Args = Static<typeof args>

interface ConfigState {
  readonly [field: string]: unknown
  /** Not compared: the whole configuration, and its changed parameters that only a restart loads. */
  readonly _seen: { readonly config: Config; readonly restarts: readonly string[] }
}

async function restartsFor(probe: Probe, all: Args, patch: Config): Promise<readonly string[]> {
  const names = Object.keys(parameters(patch))
  if (names.length === 0) return []
  const server = await readServer(probe, all, { settings: names })
  const lower = new Set(names.map((name) => name.toLowerCase()))
  // Patroni answers and its server does not: nobody says what only a restart loads, so each of them may.
  if (!server.running) return [...lower]
  const needs = server.settings.filter(({ name, context }) => lower.has(name) && context === 'postmaster')
  return needs.map(({ name }) => name)
}

async function current(probe: Probe, all: Args): Promise<ConfigState> {
  const answer = await readConfig(probe, all.rest)
  if (answer.kind === 'none') throw new NotYet(answer.why)
  if (answer.status !== 200 || !isRecord(answer.body)) throw new NotYet('the cluster is not initialized yet')
  const config = answer.body
  const wanted = wantedOf(all.config, config)
  const restarts = await restartsFor(probe, all, patchOf(config, wanted))
  return { ...presentOf(config, wanted), _seen: { config, restarts } }
}

/** What Patroni fills in for a key that is not there. */
const PRESETS = { ttl: 30, loop_wait: 10, retry_timeout: 10 } as const

/** Patroni lowers times that break its rule (since 3.2), or loses the leader key (before): refused, with the numbers. */
function timing(config: Config): Diagnostic | undefined {
  const seconds = (key: keyof typeof PRESETS): number => Number(config[key] ?? PRESETS[key])
  const [ttl, loop, retry] = [seconds('ttl'), seconds('loop_wait'), seconds('retry_timeout')]
  if (loop + 2 * retry <= ttl) return undefined
  return problem(
    'patroni/timing',
    `loop_wait ${loop} + 2 × retry_timeout ${retry} is more than ttl ${ttl}: the leader would lose its key while it retries`,
    { hint: `raise ttl to at least ${loop + 2 * retry}, or lower the others` },
  )
}

/** Keys whose change the whole cluster feels at once. */
const IMPACTS: Readonly<Record<string, Impact>> = { standby_cluster: 'switchover' }

function fieldImpact(field: string, { _seen }: ConfigState): Impact {
  const [top = '', second, name] = field.split('.')
  if (top === 'postgresql' && second === 'parameters') {
    // A new map of parameters is one field.
    const all = name === undefined ? _seen.restarts.length > 0 : _seen.restarts.includes(name.toLowerCase())
    return all ? 'restart-primary' : 'reload'
  }
  if (top === 'postgresql' && second === undefined && _seen.restarts.length > 0) return 'restart-primary'
  return IMPACTS[top] ?? 'reload'
}

/** Dynamic configuration in the store. */
export const patroniConfig = defineModule<typeof args, ConfigState>({
  name: 'patroni_config',
  about: 'Keep keys of the dynamic configuration, which holds for all members, at these values.',
  args,
  examples: [
    `patroni_config:
  config:
    ttl: 20
    synchronous_mode: true
    postgresql: { parameters: { max_connections: 200, work_mem: null } }
  rest: '{{ rest }}'`,
  ],
  label({ config }) {
    const keys = Object.keys(config)
    return keys.length > 3 ? `${keys.length} keys` : keys.join(' ')
  },
  current,
  desired: ({ config }, { _seen }) => comparable(wantedOf(config, _seen.config), _seen.config),
  refuse: ({ _seen }, _, { config }) =>
    timing(merged(_seen.config, patchOf(_seen.config, wantedOf(config, _seen.config)))),
  fieldImpact: (field, from) => fieldImpact(field, from),
  steps: ({ _seen }, _, { config, rest }) => [
    call(rest, {
      method: 'PATCH',
      path: '/config',
      body: patchOf(_seen.config, wantedOf(config, _seen.config)),
      impact: 'reload',
      until: 'read',
      seconds: 20,
    }),
  ],
})
