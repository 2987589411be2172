import type { Stack } from '../stack.ts'
import { check } from './check.ts'
import { derive } from './derive.ts'
import { doctor } from './doctor.ts'
import { drills } from './drills.ts'
import { init } from './init.ts'
import { deployment, status } from './status.ts'
import { vars } from './vars.ts'

/** Patroni with etcd, over streaming replication. */
export const patroni: Stack = {
  name: 'patroni',
  about:
    'Patroni, etcd and streaming replication: async, sync, strict or quorum; a VIP, a proxy, or neither.',
  vars,
  groups: { members: ['postgres'], voters: ['witness'], serving: ['etcd', 'proxy'] },
  addresses: ['writer_vip'],
  check,
  derive,
  status,
  deployment,
  init,
  drills,
  doctor,
}
