import { etcd } from '../../parts/etcd/part.ts'
import { defineStack } from '../define.ts'
import type { StackSpec } from '../define.ts'
import { check } from './check.ts'
import { deploymentOf } from './deployment.ts'
import { derive, factsOf } from './derive.ts'
import { doctor } from './doctor.ts'
import { drills } from './drills.ts'
import { bare, healthOf, RULES } from './health.ts'
import { init } from './init.ts'
import { commandsOf, readingsOf } from './readings.ts'
import { report } from './status.ts'
import { vars } from './vars.ts'
import { viewOf } from './view.ts'
import type { View } from './view.ts'

/** Patroni with etcd, over streaming replication. */
export const spec: StackSpec<View> = {
  name: 'patroni',
  about:
    'Patroni, etcd and streaming replication: async, sync, strict or quorum; a VIP, a proxy, or neither.',
  vars,
  groups: { members: ['postgres'], voters: ['witness'], serving: ['etcd', 'proxy'] },
  addresses: ['writer_vip'],
  parts: [etcd],
  hosts: (cluster) => {
    const { members, dcs, proxies } = factsOf(cluster)
    return [...new Set([...members, ...dcs.hosts, ...proxies.map(({ name }) => name)])]
  },
  commands: (cluster, host) => commandsOf(factsOf(cluster), host),
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

export const patroni = defineStack(spec)
