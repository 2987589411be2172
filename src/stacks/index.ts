import { pacemaker } from './pacemaker/index.ts'
import { patroni } from './patroni/index.ts'
import type { Stack } from './stack.ts'

/** Every stack. The list is explicit: a stack that is not here does not exist. */
export const STACKS: readonly Stack[] = [pacemaker, patroni]
