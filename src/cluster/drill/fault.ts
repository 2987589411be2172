import type { ReplicationMode } from '../status.ts'

/**
 * Whom a part of a fault is done to; resolved from the status just before. `standby`: the one that would be promoted;
 * `others`: every further member; `members`: all of them; `witness`: the hosts that only vote; `leader`: the host that
 * holds the locks of the cluster manager or decides for it.
 */
export type Role = 'primary' | 'standby' | 'others' | 'members' | 'witness' | 'leader'

/** Words that a script gets as its arguments: names of processes, of units, or where PostgreSQL is (`WHERE`). */
export type Words = 'managers' | 'units' | 'postgres'

/**
 * A shell script as root on a host. `undo` is run by a timer on the host itself after `undoAfterS` seconds, even when
 * hactl is gone, and earlier when the fault is healed.
 */
export interface ShellAct {
  readonly by: 'ssh'
  readonly on: Role
  readonly script: string
  /** Words that the place knows, or these. */
  readonly args?: Words | readonly string[]
  /** Run everywhere before anything is broken; exit code 77: it cannot be done there, with the reason on standard output. */
  readonly check?: string
  readonly undo?: string
  readonly undoAfterS?: number
  /** Done again and again, until the primary has moved. */
  readonly again?: { readonly everyMs: number; readonly times: number }
}

/** Packets vanish, by rules on the hosts themselves; ssh goes on. Undone like a script, by a timer too. */
export interface NetAct {
  readonly by: 'net'
  readonly on: Role
  /** `everybody`: clients too. */
  readonly peers: Role | 'everybody'
  /** Seen from `on`; default: both. */
  readonly ways?: 'both' | 'in' | 'out'
  /** Only the packets by which the cluster manager keeps its quorum. */
  readonly only?: 'quorum'
  /** Only this share of them. */
  readonly percent?: number
  /** Cut and whole in turn. */
  readonly flap?: { readonly downS: number; readonly upS: number }
  readonly undoAfterS?: number
}

/** A fault of the lab, on these hosts in this order. */
export interface LabAct {
  readonly by: 'lab'
  readonly fault: string
  readonly on: readonly Role[]
  /** Left out on hosts that no lab made: there it is so already. */
  readonly onlyInLab?: true
  readonly options?: Readonly<Record<string, string>>
}

/** A part of a fault, as data. */
export type Act =
  | ShellAct
  | NetAct
  | LabAct
  | { readonly by: 'runbook'; readonly runbook: string }
  | { readonly by: 'pause'; readonly ms: number }

/** What must be true after a fault. */
export interface Expectation {
  /** Whether another member has to be primary afterwards, may be, or must not. */
  readonly primary: 'moves' | 'may-move' | 'stays'
  /** Writes are acknowledged again this soon after the fault; absent: only after it is healed. */
  readonly backWithinS?: number
  /** Modes in which acknowledged writes may be lost by it; in all others none may. */
  readonly mayLose: readonly ReplicationMode[]
  /** Healthy this soon after the fault has ended, with nobody's help. */
  readonly aloneWithinS?: number
}

/** What a fault needs of the place where it is made. */
export type Need = 'own-clock' | 'witness' | 'leader' | 'third-host'

/** One way to break a cluster. */
export interface Fault {
  readonly name: string
  readonly about: string
  /** In order, without a pause. */
  readonly inject: readonly Act[]
  /** How long the fault stays after writes are back (or, without an outage, after it began), milliseconds. */
  readonly holdMs: number
  /** It stays just so long, whatever becomes of the writes. */
  readonly fixed?: true
  /** In the profile `fast`, which gives silent members up soonest, this is expected of the primary instead. */
  readonly inFast?: Expectation['primary']
  readonly expect: Expectation
  /** It takes nothing away that a restart would not bring back: may be done to hosts that no lab made. */
  readonly gentle: boolean
  readonly needs?: readonly Need[]
  /** Clients write this many times as much, over as many times the connections. */
  readonly busy?: { readonly rate: number; readonly connections: number }
}

/** Where a standby has not confirmed what the primary acknowledged, a lost primary takes it along. */
const UNCONFIRMED: readonly ReplicationMode[] = ['async']

const expectation =
  (primary: Expectation['primary'], mayLose: readonly ReplicationMode[]) =>
  (backWithinS?: number): Expectation => ({
    primary,
    mayLose,
    ...(backWithinS !== undefined && { backWithinS }),
  })

export const moves = expectation('moves', UNCONFIRMED)
export const mayMove = expectation('may-move', UNCONFIRMED)
export const stays = expectation('stays', [])
/** A planned move loses nothing in any mode. */
export const movesWhole = expectation('moves', [])

/** How long a timer waits that undoes an act, seconds; well past the time the drill itself takes for that. */
export const UNDO_AFTER_S = 240

/** How long a cluster is waited for. */
export interface Patience {
  readonly factor: number
  /** Seconds that every failover of this cluster takes at least. */
  readonly leaseS: number
  /** What the timers of an act wait, instead of a multiple of their own time. */
  readonly undoAfterS?: number
  /** The cluster's profile of times: `fast`, `normal`, `safe`. */
  readonly profile?: string
}

/** A fault with the lease added to the time it allows, and every time multiplied. Pure. */
export function patient(fault: Fault, { factor, leaseS, undoAfterS, profile }: Patience): Fault {
  const { backWithinS, aloneWithinS } = fault.expect
  const { inFast } = fault
  const inject = fault.inject.map((act): Act => {
    if (act.by !== 'ssh' && act.by !== 'net') return act
    return { ...act, undoAfterS: undoAfterS ?? (act.undoAfterS ?? UNDO_AFTER_S) * factor }
  })
  return {
    ...fault,
    inject,
    expect: {
      ...fault.expect,
      ...(backWithinS !== undefined && { backWithinS: (backWithinS + leaseS) * factor }),
      ...(aloneWithinS !== undefined && { aloneWithinS: aloneWithinS * factor }),
      ...(profile === 'fast' && inFast !== undefined && { primary: inFast }),
    },
  }
}

/** Whether only a lab can do a fault. */
export const needsLab = (fault: Fault): boolean =>
  fault.inject.some((act) => act.by === 'lab' && act.onlyInLab !== true)

const most = (values: readonly number[]): number => Math.max(...values)

function primaryOf(faults: readonly Fault[]): Expectation['primary'] {
  const all = new Set(faults.map(({ expect }) => expect.primary))
  const [only] = all
  return all.size === 1 && only !== undefined ? only : 'may-move'
}

/**
 * Several faults at once, in order. What one of them alone leaves standing may go with both: writes may wait until
 * they are healed. What may be lost does not change. Pure.
 */
export function together(faults: readonly Fault[]): Fault {
  const [first] = faults
  if (first && faults.length === 1) return first
  const busy = faults.flatMap((fault) => fault.busy ?? [])
  const lossy = faults.flatMap(({ expect }) => expect.mayLose)
  return {
    name: faults.map(({ name }) => name).join('+'),
    about: `at once: ${faults.map(({ about }) => about).join('; ')}`,
    inject: faults.flatMap(({ inject }) => inject),
    holdMs: Math.max(20_000, most(faults.map(({ holdMs }) => holdMs))),
    expect: { primary: primaryOf(faults), mayLose: [...new Set(lossy)] },
    gentle: faults.every(({ gentle }) => gentle),
    needs: [...new Set(faults.flatMap(({ needs = [] }) => needs))],
    ...(busy.length > 0 && {
      busy: {
        rate: most(busy.map(({ rate }) => rate)),
        connections: most(busy.map(({ connections }) => connections)),
      },
    }),
  }
}
