import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import { IMPACTS } from '../engine/impact.ts'
import { defineAction } from '../engine/module.ts'
import { run, runWith } from '../engine/step.ts'
import { Type } from '../lib/type.ts'
import { stat } from './readings/stat.ts'

/** On a file system that does not survive a boot, so that its absence proves that there was one. */
const MARK = '/run/hactl-reboot'

const args = Type.Object({
  confirm: Type.Boolean({
    description: 'Must be true: this host goes down.',
    default: false,
  }),
  impact: Type.Enum(IMPACTS, {
    description: 'What it interrupts; the plan shows it.',
    default: 'restart-primary',
  }),
})

/** An event is not asked whether it is done before its steps, so both have to look. */
function checkConfirmed(confirm: boolean): void {
  if (confirm) return
  throw new HactlError(
    problem('reboot/not-confirmed', 'the host is not rebooted without `confirm: true`', {
      hint: 'write `reboot: { confirm: true }` when the host may go down',
    }),
    EXIT.refused,
  )
}

/** Boots the host again and waits until it is up. */
export const reboot = defineAction({
  name: 'reboot',
  about: 'Boot the host again and wait until it is up; each time the task runs, so put it in a handler.',
  args,
  examples: ['reboot: { confirm: true }'],
  event: true,
  reconnects: true,
  label: () => 'host',
  async done(probe, { confirm }) {
    checkConfirmed(confirm)
    const [mark, system] = await Promise.all([
      probe.ask(stat, MARK),
      probe.run(['systemctl', 'is-system-running']),
    ])
    return mark.type === 'absent' && ['running', 'degraded'].includes(system.stdout.trim())
  },
  // Behind a timer, so that the command itself still answers.
  steps({ confirm, impact }) {
    checkConfirmed(confirm)
    return [
      run('touch', MARK),
      runWith(
        { impact },
        'systemd-run',
        '--quiet',
        '--on-active=1',
        '--timer-property=AccuracySec=100ms',
        '--',
        'systemctl',
        'reboot',
      ),
    ]
  },
  explain: async () => 'the host has not come back; look at its console',
  timeoutMs: 600_000,
})
