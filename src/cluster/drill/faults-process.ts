import { mayMove, stays, type Fault } from './fault.ts'
import {
  CLOCK_AHEAD,
  CLOCK_BACK,
  FAST_STOP,
  FREEZE_POSTGRES,
  KILL_ALL,
  KILL_POSTGRES,
  OWN_CLOCK,
  THAW_POSTGRES,
} from './scripts.ts'

/** Processes that end, hang, or are misled. */
export const PROCESS_FAULTS: readonly Fault[] = [
  {
    name: 'kill-postgres',
    about: 'kill -9 to every process of PostgreSQL on the primary, once',
    inject: [{ by: 'ssh', on: 'primary', script: KILL_POSTGRES }],
    holdMs: 3000,
    expect: mayMove(45),
    gentle: true,
  },
  {
    name: 'kill-postgres-repeatedly',
    about: 'the same every 2 s, until the primary has moved or 10 times',
    inject: [
      {
        by: 'ssh',
        on: 'primary',
        script: `${KILL_POSTGRES}; exit 0`,
        again: { everyMs: 2000, times: 10 },
      },
    ],
    holdMs: 3000,
    expect: mayMove(75),
    gentle: true,
  },
  {
    name: 'stop-postgres',
    about: "PostgreSQL on the primary shut down cleanly behind the manager's back",
    inject: [{ by: 'ssh', on: 'primary', script: FAST_STOP }],
    holdMs: 3000,
    expect: mayMove(45),
    gentle: true,
  },
  {
    name: 'kill-standby',
    about: 'kill -9 to every process of PostgreSQL on the standby that would be promoted',
    inject: [{ by: 'ssh', on: 'standby', script: KILL_POSTGRES }],
    holdMs: 8000,
    expect: stays(30),
    gentle: true,
  },
  {
    name: 'kill-manager',
    about: 'kill -9 to the processes of the cluster manager on the primary',
    inject: [{ by: 'ssh', on: 'primary', script: KILL_ALL, args: 'managers' }],
    holdMs: 10_000,
    expect: mayMove(60),
    gentle: true,
  },
  {
    name: 'stop-manager',
    about: 'the cluster manager on the primary stopped as a service',
    inject: [
      {
        by: 'ssh',
        on: 'primary',
        script: 'systemctl stop "$@"',
        args: 'units',
        undo: 'systemctl start "$@"',
      },
    ],
    holdMs: 3000,
    expect: mayMove(60),
    gentle: true,
  },
  {
    name: 'freeze-postgres',
    about: 'PostgreSQL on the primary stopped in mid-air (SIGSTOP), later let go on',
    inject: [{ by: 'ssh', on: 'primary', script: FREEZE_POSTGRES, undo: THAW_POSTGRES }],
    holdMs: 5000,
    expect: mayMove(75),
    gentle: false,
  },
  {
    name: 'clock-jump',
    about: 'the clock of the primary three hours ahead, later set right',
    inject: [{ by: 'ssh', on: 'primary', script: CLOCK_AHEAD, check: OWN_CLOCK, undo: CLOCK_BACK }],
    holdMs: 20_000,
    expect: mayMove(60),
    gentle: false,
    needs: ['own-clock'],
  },
]
