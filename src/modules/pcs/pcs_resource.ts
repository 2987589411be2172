import type { Static } from 'typebox'
import { IMPACTS } from '../../engine/impact.ts'
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
  usage,
} from './primitive.ts'
import type { PrimitiveState } from './primitive.ts'
import type { WantedResource } from './resource.ts'
import { name, settings, textsOf, wantedOf } from './values.ts'

const clone = (description: string) =>
  Type.Object(
    {
      name: Type.Optional(name('Name of the clone; default: NAME-clone.')),
      meta: settings('Meta attributes of the clone; null removes one, those not named are left alone.'),
    },
    { description },
  )

const args = Type.Object({
  name: name('Name of the resource.'),
  type: Type.String({
    description: 'Class, provider and agent: `ocf:heartbeat:IPaddr2`, `systemd:chrony`.',
    pattern: '^(ocf:[^:]+|systemd|service|lsb):[^:]+$',
  }),
  attributes: settings('Parameters of the agent, exactly these: others are removed.'),
  meta: settings('Meta attributes; null removes one, those not named are left alone.'),
  operations: operations('Operations, exactly these: others are removed.'),
  group: Type.Optional(name('Group to put it in; it becomes the last member.')),
  clone: Type.Optional(clone('Run a copy on every member.')),
  promotable: Type.Optional(clone('Run a copy on every member and promote some.')),
  impact: Type.Enum(IMPACTS, {
    description: 'What changed parameters interrupt, because the cluster then restarts the resource.',
    default: 'restart-primary',
  }),
})
type Args = Static<typeof args>

const wrapperOf = ({ name: id, group, clone: copies, promotable }: Args) => {
  const given = [group, copies, promotable].filter((part) => part !== undefined)
  if (given.length > 1) {
    throw usage(
      'pcs/two-places',
      `${id} can be in a group or in one clone, not in several`,
      'keep one of them',
    )
  }
  if (group !== undefined) return { wrapper: 'group', outerName: group, outerMeta: {} } as const
  const around = promotable ?? copies
  if (!around) return { wrapper: 'none', outerName: '', outerMeta: {} } as const
  return {
    wrapper: promotable ? 'promotable' : 'clone',
    outerName: around.name ?? `${id}-clone`,
    outerMeta: wantedOf(around.meta),
  } as const
}

const wantedFrom = (all: Args): WantedResource => ({
  name: all.name,
  type: all.type,
  attributes: textsOf(all.attributes),
  meta: wantedOf(all.meta),
  operations: operationsFrom(all.operations),
  ...wrapperOf(all),
})

/** A resource of the cluster. */
export const pcsResource = defineModule<typeof args, PrimitiveState>({
  name: 'pcs_resource',
  about: 'Keep a cluster resource with these parameters and operations, alone, in a group or cloned.',
  args,
  examples: [
    `pcs_resource:
  name: vip-writer
  type: ocf:heartbeat:IPaddr2
  attributes: { ip: 10.77.0.20, cidr_netmask: 24 }
  operations:
    - { name: monitor, interval: 5s, timeout: 10s, on-fail: restart }`,
    `pcs_resource:
  name: state
  type: ocf:heartbeat:Dummy
  promotable: { name: state-clone, meta: { promoted-max: 1, notify: true } }`,
  ],
  current: (probe, all) => readPrimitive(probe, wantedFrom(all)),
  desired: (all, from) => desiredPrimitive(wantedFrom(all), from),
  refuse: (from, _, all) => refusePrimitive(from, wantedFrom(all), `pcs resource delete ${all.name}`),
  steps: (from, to, all) => stepsOfPrimitive(from, to, wantedFrom(all), all.impact),
  touches: () => [CIB],
})
