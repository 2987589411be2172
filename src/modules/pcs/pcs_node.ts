import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import type { Impact } from '../../engine/impact.ts'
import { runWith } from '../../engine/step.ts'
import type { Step } from '../../engine/step.ts'
import { Type } from '../../lib/type.ts'
import { CIB, pairsOf, plainSet, readCib, refuseChange, section } from './cib.ts'
import type { Wanted } from './patch.ts'
import { comparable, settings, textsOf } from './values.ts'
import { childOf, childrenOf } from './xml.ts'
import type { XmlElement } from './xml.ts'

const args = Type.Object({
  node: Type.String({ description: 'Name of the node in the cluster.', pattern: '^[A-Za-z0-9_.-]+$' }),
  standby: Type.Optional(
    Type.Boolean({ description: 'Whether it runs no resources (true moves them away, also a primary).' }),
  ),
  maintenance: Type.Optional(
    Type.Boolean({ description: 'Whether the cluster leaves its resources alone.' }),
  ),
  attributes: settings('Permanent node attributes; null removes one, those not named are left alone.'),
  transient: settings('Node attributes until the cluster stops there; null removes one.'),
})
type Args = Static<typeof args>

interface NodeState {
  readonly [field: string]: unknown
  readonly standby: boolean
  readonly maintenance: boolean
  readonly attributes: Wanted
  readonly transient: Wanted
  readonly root: XmlElement
  readonly known: readonly string[]
}

const isOn = (value: string | undefined): boolean => /^(on|true|yes|y|1)$/i.test(value ?? '')

/** Permanent and transient attributes of a node as the CIB holds them. */
const attributesOf = (root: XmlElement, node: string) => {
  const isNode = ({ attrs }: XmlElement): boolean => attrs['uname'] === node
  const nodes = childrenOf(section(root, 'nodes'), 'node')
  const states = childrenOf(childOf(root, 'status'), 'node_state')
  return {
    known: nodes.map(({ attrs }) => attrs['uname'] ?? ''),
    permanent: pairsOf(plainSet(nodes.find(isNode), 'instance_attributes')),
    transient: pairsOf(plainSet(childOf(states.find(isNode), 'transient_attributes'), 'instance_attributes')),
  }
}

const set = (node: string, name: string, value: string | null, lifetime: string, impact?: Impact): Step =>
  runWith(
    impact ? { impact } : {},
    'crm_attribute',
    '--node',
    node,
    '--name',
    name,
    '--lifetime',
    lifetime,
    // One word: a value such as -INFINITY would else be read as an option.
    ...(value === null ? ['--delete'] : [`--update=${value}`]),
  )

function* switchSteps(
  node: string,
  name: 'standby' | 'maintenance',
  from: NodeState,
  wanted: boolean,
): Generator<Step> {
  if (from[name] === wanted) return
  const impact = name === 'standby' && wanted ? 'switchover' : 'none'
  if (wanted) return yield set(node, name, 'on', 'forever', impact)
  const held = attributesOf(from.root, node)
  if (name in held.permanent) yield set(node, name, null, 'forever')
  if (name in held.transient) yield set(node, name, null, 'reboot')
}

function* change(from: NodeState, all: Args): Generator<Step> {
  const { node, standby, maintenance } = all
  if (maintenance !== undefined) yield* switchSteps(node, 'maintenance', from, maintenance)
  for (const [lifetime, given, current] of [
    ['forever', textsOf(all.attributes), from.attributes],
    ['reboot', textsOf(all.transient), from.transient],
  ] as const) {
    for (const [name, value] of Object.entries(comparable(given, current))) {
      if (current[name] !== value) yield set(node, name, value, lifetime)
    }
  }
  if (standby !== undefined) yield* switchSteps(node, 'standby', from, standby)
}

/** A member of the cluster: standby, maintenance, node attributes. */
export const pcsNode = defineModule<typeof args, NodeState>({
  name: 'pcs_node',
  about: 'Keep a node in or out of standby and maintenance, and its attributes at these values.',
  args,
  examples: ['pcs_node: { node: pg2, standby: false, attributes: { pgsql-data-status: null } }'],
  async current(probe, { node }) {
    const root = await readCib(probe)
    const { known, permanent, transient } = attributesOf(root, node)
    const on = (name: string): boolean => isOn(permanent[name]) || isOn(transient[name])
    return {
      standby: on('standby'),
      maintenance: on('maintenance'),
      attributes: permanent,
      transient,
      root,
      known,
    }
  },
  desired: ({ standby, maintenance, attributes, transient }, from) => ({
    ...(standby !== undefined && { standby }),
    ...(maintenance !== undefined && { maintenance }),
    attributes: comparable(textsOf(attributes), from.attributes),
    transient: comparable(textsOf(transient), from.transient),
  }),
  refuse({ root, known }, _, { node }) {
    if (known.includes(node)) return refuseChange(root)
    return problem('pcs/no-node', `the cluster has no node ${node}, it has ${known.join(', ')}`, {
      hint: 'use the name that the cluster uses: crm_node --list',
    })
  },
  steps: (from, _, all) => [...change(from, all)],
  touches: () => [CIB],
})
