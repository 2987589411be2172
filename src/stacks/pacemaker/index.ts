import type { Stack } from '../stack.ts'
import { check } from './check.ts'
import { derive } from './derive.ts'
import { doctor } from './doctor.ts'
import { drills } from './drills.ts'
import { init } from './init.ts'
import { deployment, status } from './status.ts'
import { vars } from './vars.ts'

/** Corosync and Pacemaker over streaming replication. */
export const pacemaker: Stack = {
  name: 'pacemaker',
  about:
    'Corosync, Pacemaker and streaming replication: writer VIP, reader VIP, two or more members, a witness.',
  vars,
  groups: { members: ['postgres'], voters: ['witness'] },
  addresses: ['writer_vip', 'reader_vip'],
  check,
  derive,
  status,
  deployment,
  init,
  drills,
  doctor,
}
