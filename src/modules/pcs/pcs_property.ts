import { defineModule } from '../../engine/module.ts'
import { Type } from '../../lib/type.ts'
import { CIB, propertiesOf, readCib, refuseChange, section } from './cib.ts'
import { CONFIGURATION, create, newSet, pathBelow, patchStep, setChanges } from './patch.ts'
import type { CibChange, Wanted } from './patch.ts'
import { comparable, normalAll, sameValue, settings, wantedOf } from './values.ts'
import { childOf, childrenOf, element } from './xml.ts'
import type { XmlElement } from './xml.ts'

const SET = 'cib-bootstrap-options'

/** Each property is changed in the set that holds it; new ones go to the set that pcs uses. */
const changes = (root: XmlElement, wanted: Wanted): readonly CibChange[] => {
  const config = section(root, 'crm_config') ?? element('crm_config', {})
  const path = `${CONFIGURATION}/crm_config`
  const sets = childrenOf(config, 'cluster_property_set')
  const own = sets.find(({ attrs }) => attrs['id'] === SET) ?? sets[0]
  const homes = new Map<XmlElement | undefined, Record<string, string | null>>()
  for (const [name, value] of Object.entries(wanted)) {
    const holds = (set: XmlElement): boolean =>
      childrenOf(set, 'nvpair').some(({ attrs }) => attrs['name'] === name)
    const home = (own && holds(own) ? own : sets.find(holds)) ?? own
    homes.set(home, { ...homes.get(home), [name]: value })
  }
  return [...homes].flatMap(([set, pairs]) => {
    const fresh = set ? undefined : newSet('cluster_property_set', SET, pairs)
    if (fresh) return [create(path, fresh)]
    const parent = element('crm_config', {}, set ? [set] : [])
    return setChanges({ path, parent, tag: 'cluster_property_set', id: SET, same: sameValue }, pairs)
  })
}

interface PropertyState {
  readonly [field: string]: unknown
  readonly properties: Wanted
  readonly root: XmlElement
}
interface DefaultsState {
  readonly [field: string]: unknown
  readonly resource: Wanted
  readonly operation: Wanted
  readonly root: XmlElement
}

const propertyArgs = Type.Object({
  properties: settings('Property → value; null removes it, so that its default holds again.'),
})
const defaultsArgs = Type.Object({
  resource: settings('Meta attribute of resources → value; null removes it.'),
  operation: settings('Option of operations → value; null removes it.'),
})

/** Cluster properties (`crm_config`). */
export const pcsProperty = defineModule<typeof propertyArgs, PropertyState>({
  name: 'pcs_property',
  about: 'Keep cluster properties at these values; those not named are left alone.',
  args: propertyArgs,
  examples: ['pcs_property:\n  properties: { stonith-enabled: true, no-quorum-policy: stop }'],
  label: ({ properties }) => Object.keys(properties).join(' '),
  async current(probe) {
    const root = await readCib(probe)
    return { properties: normalAll(propertiesOf(root)), root }
  },
  desired: ({ properties }, from) => ({
    properties: comparable(wantedOf(properties), from.properties),
  }),
  refuse: ({ root }) => refuseChange(root),
  steps: ({ root }, _, { properties }) => patchStep(changes(root, wantedOf(properties))),
  touches: () => [CIB],
})

const defaults = (root: XmlElement, kind: 'rsc' | 'op', wanted: Wanted): readonly CibChange[] => {
  const holder = section(root, `${kind}_defaults`)
  const id = `${kind}_defaults-meta_attributes`
  const fresh = newSet('meta_attributes', id, wanted)
  if (!holder) return fresh ? [create(CONFIGURATION, element(`${kind}_defaults`, {}, [fresh]))] : []
  const path = pathBelow(CONFIGURATION, holder)
  return setChanges({ path, parent: holder, tag: 'meta_attributes', id, same: sameValue }, wanted)
}

const defaultsOf = (root: XmlElement, kind: 'rsc' | 'op') => {
  const sets = childrenOf(section(root, `${kind}_defaults`), 'meta_attributes')
  const set = sets.find((candidate) => childOf(candidate, 'rule') === undefined)
  return normalAll(
    Object.fromEntries(
      childrenOf(set, 'nvpair').map(({ attrs }) => [attrs['name'] ?? '', attrs['value'] ?? '']),
    ),
  )
}

/** Defaults of resources' meta attributes and of operations. */
export const pcsDefaults = defineModule<typeof defaultsArgs, DefaultsState>({
  name: 'pcs_defaults',
  about: 'Keep the defaults of all resources and operations; those not named are left alone.',
  args: defaultsArgs,
  examples: ['pcs_defaults:\n  resource: { resource-stickiness: 100, migration-threshold: 3 }'],
  label: ({ resource, operation }) => [...Object.keys(resource), ...Object.keys(operation)].join(' '),
  async current(probe) {
    const root = await readCib(probe)
    return { resource: defaultsOf(root, 'rsc'), operation: defaultsOf(root, 'op'), root }
  },
  desired: ({ resource, operation }, from) => ({
    resource: comparable(wantedOf(resource), from.resource),
    operation: comparable(wantedOf(operation), from.operation),
  }),
  refuse: ({ root }) => refuseChange(root),
  steps: ({ root }, _, { resource, operation }) =>
    patchStep([...defaults(root, 'rsc', wantedOf(resource)), ...defaults(root, 'op', wantedOf(operation))]),
  touches: () => [CIB],
})
