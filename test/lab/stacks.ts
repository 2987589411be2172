import { PACEMAKER } from '../stacks/pacemaker/lab.ts'
import { PATRONI } from '../stacks/patroni/lab.ts'
import type { StackLab } from './contract/stack.ts'

/** Every stack that the lab tests know. */
export const STACKS: readonly StackLab[] = [PACEMAKER, PATRONI]
