import { program } from '../../lib/program.ts'
import { mayMove, stays, type Fault, type Role, type ShellAct } from './fault.ts'

/** Loops for each processor: what a cluster has to bear in the profiles `normal` and `safe`. */
const LOOPS = 8
const BUSY_S = 180
const HUNGRY_S = 60
/** A loop that nobody ends, ends itself: after the drill had every time to do it. */
const LAST_S = '900'
/** Memory of a lab's host while it is short, MiB; a member at rest takes some 220. */
const LAB_MB = '768'

const busy = (on: Role): ShellAct => ({
  by: 'ssh',
  on,
  script: program('drill/busy.sh'),
  args: [String(LOOPS), LAST_S],
  undo: `set -- busy\n${program('drill/idle.sh')}`,
  undoAfterS: 420,
})

const busyFault = (name: string, on: Role, about: string): Fault => ({
  name,
  about,
  inject: [busy(on)],
  holdMs: BUSY_S * 1000,
  fixed: true,
  expect: { ...stays(), aloneWithinS: 60 },
  inFast: 'may-move',
  gentle: true,
})

/** Hosts that are up and have too little: of processor time, of memory. */
export const SHORTAGE_FAULTS: readonly Fault[] = [
  busyFault(
    'busy-host',
    'members',
    `${LOOPS} busy loops for each processor of every member, for ${BUSY_S / 60} minutes`,
  ),
  busyFault(
    'busy-primary',
    'primary',
    `${LOOPS} busy loops for each processor of the primary, for ${BUSY_S / 60} minutes`,
  ),
  {
    name: 'short-memory',
    about: `other programs take all memory of the primary for ${HUNGRY_S} s; the kernel chooses whom it kills`,
    inject: [
      // A lab's host sees the memory of its machine: without a limit of its own the machine would run short.
      { by: 'lab', fault: 'limit-memory', on: ['primary'], options: { mb: LAB_MB }, onlyInLab: true },
      {
        by: 'ssh',
        on: 'primary',
        script: program('drill/hungry.sh'),
        args: [LAST_S],
        undo: `set -- hungry\n${program('drill/idle.sh')}`,
      },
    ],
    holdMs: HUNGRY_S * 1000,
    fixed: true,
    expect: { ...mayMove(), aloneWithinS: 60 },
    gentle: false,
  },
]
