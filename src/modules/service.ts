import type { Static } from 'typebox'
import { problem } from '../diag/diagnostic.ts'
import { IMPACTS } from '../engine/impact.ts'
import { defineModule } from '../engine/module.ts'
import { NotYet } from '../engine/probe.ts'
import { runWith } from '../engine/step.ts'
import type { RunStep } from '../engine/step.ts'
import { Type } from '../lib/type.ts'
import { nameOf } from '../schema/build.ts'
import { unitEvent } from './lib/unit-event.ts'
import { unitName, units } from './readings/units.ts'
import type { Unit } from './readings/units.ts'

const args = Type.Object({
  name: nameOf('unit', 'Unit; ".service" may be left out.'),
  state: Type.Optional(
    Type.Enum(['started', 'stopped', 'restarted', 'reloaded'], {
      description:
        'Whether it runs now. `restarted` and `reloaded` are events: they happen each time the task runs, so put them in a handler.',
    }),
  ),
  enabled: Type.Optional(Type.Boolean({ description: 'Whether it starts at boot.' })),
  masked: Type.Optional(Type.Boolean({ description: 'Whether starting it is made impossible.' })),
  daemon_reload: Type.Boolean({
    description: 'Make systemd read unit files that are newer on disk than in its memory.',
    default: true,
  }),
  impact: Type.Enum(IMPACTS, {
    description: 'What stopping, restarting or reloading it interrupts; the plan shows it.',
    default: 'reload',
  }),
})
type Args = Static<typeof args>

interface ServiceState {
  readonly [field: string]: unknown
  readonly state: string
  readonly enabled: boolean
  readonly masked: boolean
  /** `outdated`: systemd has not read the unit file that is on disk. */
  readonly unit_file: 'loaded' | 'outdated'
  /** systemd's own word for the unit file: `static` units cannot be enabled. */
  readonly file: string
}

const RUNNING = new Set(['active', 'reloading', 'refreshing'])
const ENABLED = new Set(['enabled', 'enabled-runtime', 'alias', 'generated'])

const stateOf = (active: string): string => {
  if (RUNNING.has(active)) return 'started'
  return active === 'activating' || active === 'deactivating' ? active : 'stopped'
}

const fromUnit = (unit: Unit): ServiceState => ({
  state: stateOf(unit.active),
  enabled: ENABLED.has(unit.file),
  masked: unit.load === 'masked' || unit.file.startsWith('masked'),
  unit_file: unit.needsReload ? 'outdated' : 'loaded',
  file: unit.file,
})

const systemctl = (verb: string, unit: string, more: Omit<RunStep, 'kind' | 'argv'> = {}): RunStep =>
  runWith({ timeoutMs: 600_000, ...more }, 'systemctl', verb, '--', unit)

function* change(from: ServiceState, to: Partial<ServiceState>, { name, impact }: Args): Generator<RunStep> {
  const unit = unitName(name)
  const differs = (field: keyof ServiceState): boolean => to[field] !== undefined && to[field] !== from[field]
  if (differs('unit_file')) yield { kind: 'run', argv: ['systemctl', 'daemon-reload'] }
  if (differs('masked') && to.masked === false) yield systemctl('unmask', unit)
  if (differs('enabled')) yield systemctl(to.enabled ? 'enable' : 'disable', unit)
  if (differs('state') && to.state === 'started') yield systemctl('start', unit)
  if (differs('state') && to.state === 'stopped') yield systemctl('stop', unit, { impact })
  if (differs('masked') && to.masked === true) yield systemctl('mask', unit)
}

function refuse(from: ServiceState, to: Partial<ServiceState>, { name, masked }: Args) {
  const unit = unitName(name)
  if (from.masked && masked !== false && (to.state === 'started' || to.enabled === true)) {
    return problem('service/masked', `${unit} is masked, so it cannot be started or enabled`, {
      hint: 'add `masked: false` when it is meant to run',
    })
  }
  if (to.enabled === true && !from.enabled && ['static', 'transient'].includes(from.file)) {
    return problem('service/not-enableable', `${unit} is ${from.file}: it has no [Install] section`, {
      hint: 'leave `enabled` out; another unit starts it',
    })
  }
  return undefined
}

/** A systemd unit that runs, starts at boot, is masked, or not. */
export const service = defineModule({
  name: 'service',
  about: 'Keep a systemd unit running, enabled or masked, or not; restart or reload it from a handler.',
  args,
  examples: [
    'service: { name: chrony, state: started, enabled: true }',
    `service:
  name: postgresql@15-main
  state: restarted
  impact: restart-primary`,
  ],
  async current(probe, { name, state, enabled }) {
    const unit = await probe.ask(units, name)
    if (unit.load === 'not-found' && (state === 'started' || enabled === true)) {
      throw new NotYet(`${unitName(name)} does not exist`)
    }
    return fromUnit(unit)
  },
  desired: ({ state, enabled, masked, daemon_reload }): Partial<ServiceState> => ({
    ...(state !== undefined && { state }),
    ...(enabled !== undefined && { enabled }),
    ...(masked !== undefined && { masked }),
    ...(daemon_reload && { unit_file: 'loaded' as const }),
  }),
  steps: (from, to, all) => [...change(from, to, all)],
  refuse,
  event: ({ name, state, daemon_reload, impact }) =>
    state === 'restarted' || state === 'reloaded'
      ? unitEvent({ unit: name, verb: state === 'restarted' ? 'restart' : 'reload', daemon_reload, impact })
      : undefined,
  timeoutMs: 600_000,
})
