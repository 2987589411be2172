import type { Fault } from './fault.ts'
import { HOST_FAULTS } from './faults-host.ts'
import { LOAD_FAULTS } from './faults-load.ts'
import { NETWORK_FAULTS } from './faults-network.ts'
import { PROCESS_FAULTS } from './faults-process.ts'
import { SHORTAGE_FAULTS } from './faults-shortage.ts'

/** Every fault, the gentle ones first. */
export const FAULTS: readonly Fault[] = [
  ...LOAD_FAULTS,
  ...PROCESS_FAULTS,
  ...SHORTAGE_FAULTS,
  ...HOST_FAULTS,
  ...NETWORK_FAULTS,
]
