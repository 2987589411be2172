import { corosync } from '../../parts/corosync/part.ts'
import { defineStack } from '../define.ts'
import type { StackSpec } from '../define.ts'
import { check } from './check.ts'
import { deploymentOf } from './deployment.ts'
import { derive, factsOf } from './derive.ts'
import { doctor } from './doctor.ts'
import { drills } from './drills.ts'
import { bare, healthOf, RULES } from './health.ts'
import { init } from './init.ts'
import { commandsOn, readingsOf } from './readings.ts'
import { report } from './status.ts'
import { vars } from './vars.ts'
import { viewOf } from './view.ts'
import type { View } from './view.ts'

/** Corosync and Pacemaker over streaming replication. */
export const spec: StackSpec<View> = {
  name: 'pacemaker',
  about:
    'Corosync, Pacemaker and streaming replication: writer VIP, reader VIP, two or more members, a witness.',
  vars,
  groups: { members: ['postgres'], voters: ['witness'] },
  addresses: ['writer_vip', 'reader_vip'],
  parts: [corosync],
  hosts: (cluster) => factsOf(cluster).nodes.map(({ name }) => name),
  commands: (cluster, host) => commandsOn(factsOf(cluster), host),
  view: (cluster, raw) => viewOf(factsOf(cluster), readingsOf(factsOf(cluster), raw)),
  check,
  derive,
  rules: RULES,
  instead: bare,
  health: healthOf,
  report,
  deployment: deploymentOf,
  init,
  drills,
  doctor,
}

export const pacemaker = defineStack(spec)
