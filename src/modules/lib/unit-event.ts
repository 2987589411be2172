import type { Impact } from '../../engine/impact.ts'
import { defineAction } from '../../engine/module.ts'
import type { Action } from '../../engine/module.ts'
import { run, runWith } from '../../engine/step.ts'
import { Type } from '../../lib/type.ts'
import { unitName, units } from '../readings/units.ts'

export interface UnitEvent {
  readonly unit: string
  readonly verb: 'restart' | 'reload'
  /** Have systemd read changed unit files first. */
  readonly daemon_reload: boolean
  readonly impact: Impact
}

/** Restarts or reloads a unit; done when it runs afterwards. A failed start shows in `explain`. */
export function unitEvent({ unit, verb, daemon_reload, impact }: UnitEvent): Action {
  const name = unitName(unit)
  return defineAction({
    name: 'service',
    about: `${verb} ${name}`,
    args: Type.Object({}),
    event: true,
    label: () => unit,
    async done(probe) {
      return (await probe.ask(units, unit)).active === 'active'
    },
    steps: () => [
      ...(daemon_reload ? [run('systemctl', 'daemon-reload')] : []),
      runWith({ timeoutMs: 600_000, impact }, 'systemctl', verb, '--', name),
    ],
    async explain(probe) {
      const { active, sub } = await probe.ask(units, unit)
      return `${name} is ${active} (${sub}); look at \`journalctl -u ${name}\``
    },
  })
}
