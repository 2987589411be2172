import type { Static } from 'typebox'
import { defineModule } from '../../engine/module.ts'
import { Type } from '../../lib/type.ts'
import { CIB } from './cib.ts'
import {
  desiredPrimitive,
  operations,
  operationsFrom,
  readPrimitive,
  refusePrimitive,
  stepsOfPrimitive,
} from './primitive.ts'
import type { PrimitiveState } from './primitive.ts'
import type { WantedResource } from './resource.ts'
import { name, settings, textsOf, wantedOf } from './values.ts'

const args = Type.Object({
  name: name('Name of the fence device.'),
  agent: Type.String({ description: 'Fence agent, e.g. `fence_ipmilan`.', pattern: '^[a-z0-9_]+$' }),
  attributes: settings(
    'Parameters of the agent, exactly these: others are removed. Give passwords as `password_script`: a program on every member that prints it.',
  ),
  meta: settings('Meta attributes; null removes one, those not named are left alone.'),
  operations: operations('Operations, exactly these: others are removed.'),
})

const wantedFrom = (all: Static<typeof args>): WantedResource => ({
  name: all.name,
  type: `stonith:${all.agent}`,
  attributes: textsOf(all.attributes),
  meta: wantedOf(all.meta),
  operations: operationsFrom(all.operations),
  wrapper: 'none',
  outerName: '',
  outerMeta: {},
})

/** A fence device. */
export const pcsStonith = defineModule<typeof args, PrimitiveState>({
  name: 'pcs_stonith',
  about: 'Keep a fence device with these parameters; its password never goes into the cluster configuration.',
  args,
  examples: [
    `pcs_stonith:
  name: fence-pg1
  agent: fence_ipmilan
  attributes:
    ip: 10.77.0.101
    username: admin
    password_script: /etc/hactl/fence-pg1
    pcmk_host_list: pg1
  operations:
    - { name: monitor, interval: 60s }`,
  ],
  current: (probe, all) => readPrimitive(probe, wantedFrom(all)),
  desired: (all, from) => desiredPrimitive(wantedFrom(all), from),
  refuse: (from, _, all) => refusePrimitive(from, wantedFrom(all), `pcs stonith delete ${all.name}`),
  steps: (from, to, all) => stepsOfPrimitive(from, to, wantedFrom(all), 'none'),
  touches: () => [CIB],
})
