/** Whom a part of a fault is done to; resolved from the status just before. `standby`: the one that would be promoted. */
export type Role = 'primary' | 'standby' | 'others'

/** A part of a fault, as data. */
export type Act =
  /**
   * A shell script as root on a host, with the words of the stack as arguments. `undo` is run by a timer on the host
   * itself after `undoAfterS` seconds, even when hactl is gone, and earlier when the fault is healed.
   */
  | {
      readonly by: 'ssh'
      readonly on: Role
      readonly script: string
      readonly args?: 'managers' | 'units'
      readonly undo?: string
      readonly undoAfterS?: number
      /** Done again and again, until the primary has moved. */
      readonly again?: { readonly everyMs: number; readonly times: number }
    }
  /** A fault of the lab, on these hosts in this order. */
  | {
      readonly by: 'lab'
      readonly fault: string
      readonly on: readonly Role[]
      readonly options?: Readonly<Record<string, string>>
    }
  | { readonly by: 'runbook'; readonly runbook: string }

/** What must be true after a fault. */
export interface Expectation {
  /** Whether another member has to be primary afterwards, may be, or must not. */
  readonly primary: 'moves' | 'may-move' | 'stays'
  /** Writes are acknowledged again this soon after the fault; absent: only after it is healed. */
  readonly backWithinS?: number
}

/** One way to break a cluster. */
export interface Fault {
  readonly name: string
  readonly about: string
  /** In order, without a pause. */
  readonly inject: readonly Act[]
  /** How long the fault stays after writes are back (or, without an outage, after it began), milliseconds. */
  readonly holdMs: number
  readonly expect: Expectation
  /** It takes nothing away that a restart would not bring back: may be done to hosts that no lab made. */
  readonly gentle: boolean
}

const signal = (name: string): string => `pkill -${name} -u postgres -x postgres`
const THAW = `${signal('CONT')}; exit 0`
/** The oldest process is the postmaster; SIGINT is the fast shutdown (PostgreSQL documentation, "Shutting Down"). */
const FAST_STOP = 'pkill -INT -o -u postgres -x postgres'
/** The kernel keeps 15 characters of a name. */
const KILL_ALL = 'for name do pkill -KILL -x "$(printf %.15s "$name")"; done; exit 0'

const moves = (backWithinS: number): Expectation => ({ primary: 'moves', backWithinS })
const mayMove = (backWithinS: number): Expectation => ({ primary: 'may-move', backWithinS })
const stays = (backWithinS: number): Expectation => ({ primary: 'stays', backWithinS })

/** Every fault, the gentle ones first. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'switchover',
    about: 'the runbook switchover, while clients write',
    inject: [{ by: 'runbook', runbook: 'switchover' }],
    holdMs: 2000,
    expect: moves(30),
    gentle: true,
  },
  {
    name: 'kill-postgres',
    about: 'kill -9 to every process of PostgreSQL on the primary, once',
    inject: [{ by: 'ssh', on: 'primary', script: signal('KILL') }],
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
        script: `${signal('KILL')}; exit 0`,
        again: { everyMs: 2000, times: 10 },
      },
    ],
    holdMs: 3000,
    expect: mayMove(60),
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
    inject: [{ by: 'ssh', on: 'standby', script: signal('KILL') }],
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
        undoAfterS: 300,
      },
    ],
    holdMs: 3000,
    expect: mayMove(60),
    gentle: true,
  },
  {
    name: 'freeze-postgres',
    about: 'PostgreSQL on the primary stopped in mid-air (SIGSTOP), later let go on',
    inject: [{ by: 'ssh', on: 'primary', script: signal('STOP'), undo: THAW, undoAfterS: 180 }],
    holdMs: 5000,
    expect: mayMove(60),
    gentle: false,
  },
  {
    name: 'freeze-host',
    about: 'every process of the primary stopped in mid-air, later let go on',
    inject: [{ by: 'lab', fault: 'freeze', on: ['primary'] }],
    holdMs: 5000,
    expect: moves(60),
    gentle: false,
  },
  {
    name: 'power-off',
    about: 'the primary switched off at once',
    inject: [{ by: 'lab', fault: 'power-off', on: ['primary'] }],
    holdMs: 3000,
    expect: moves(60),
    gentle: false,
  },
  {
    name: 'power-off-on',
    about: 'the primary switched off and on again without a pause',
    inject: [
      { by: 'lab', fault: 'power-off', on: ['primary'] },
      { by: 'lab', fault: 'power-on', on: ['primary'] },
    ],
    holdMs: 5000,
    expect: mayMove(60),
    gentle: false,
  },
  {
    name: 'power-off-standby',
    about: 'the standby that would be promoted switched off at once',
    inject: [{ by: 'lab', fault: 'power-off', on: ['standby'] }],
    holdMs: 10_000,
    expect: stays(45),
    gentle: false,
  },
  {
    name: 'cut-primary',
    about: 'the primary cut off from everything: members, clients, controller',
    inject: [{ by: 'lab', fault: 'cut', on: ['primary'] }],
    holdMs: 5000,
    expect: moves(60),
    gentle: false,
  },
  {
    name: 'cut-primary-from-peers',
    about: 'the primary cut off from the other members, while clients still reach it',
    inject: [{ by: 'lab', fault: 'cut-peers', on: ['primary'] }],
    holdMs: 10_000,
    expect: moves(60),
    gentle: false,
  },
  {
    name: 'cut-one-way',
    about: 'packets from the primary to the standby that would be promoted vanish; the others arrive',
    inject: [{ by: 'lab', fault: 'cut-one-way', on: ['primary', 'standby'] }],
    holdMs: 10_000,
    expect: mayMove(60),
    gentle: false,
  },
  {
    name: 'cut-standby',
    about: 'the standby that would be promoted cut off from everything',
    inject: [{ by: 'lab', fault: 'cut', on: ['standby'] }],
    holdMs: 10_000,
    expect: stays(45),
    gentle: false,
  },
  {
    name: 'fill-disk',
    about: "the disk under the primary's data full: writes may stop until there is room again",
    inject: [{ by: 'lab', fault: 'fill-disk', on: ['primary'] }],
    holdMs: 15_000,
    expect: { primary: 'may-move' },
    gentle: false,
  },
]

/** A fault with every time it allows multiplied. Pure. */
export function patient(fault: Fault, factor: number): Fault {
  const { primary, backWithinS } = fault.expect
  return {
    ...fault,
    expect: { primary, ...(backWithinS !== undefined && { backWithinS: backWithinS * factor }) },
  }
}

/** Whether only a lab can do a fault. */
export const needsLab = (fault: Fault): boolean => fault.inject.some((act) => act.by === 'lab')
