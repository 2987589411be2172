import { childrenOf, element } from './xml.ts'
import type { XmlElement } from './xml.ts'
import { knowsPromotable, pairsOf, plainSet, roleFor, roleName, section } from './cib.ts'
import { CONFIGURATION, create, idFrom, newSet, pathBelow, remove, setChanges } from './patch.ts'
import type { CibChange, Wanted } from './patch.ts'
import { normal, normalAll, sameValue } from './values.ts'

/** How a primitive stands in the CIB. */
export type Wrapper = 'none' | 'clone' | 'promotable' | 'group' | 'bundle'

/** Options of an operation by its key, `monitor 3s Promoted`. */
export type Operations = Readonly<Record<string, Readonly<Record<string, string>>>>

/** A primitive found in the CIB, in one spelling. */
export interface Found {
  readonly element: XmlElement
  readonly path: string
  readonly type: string
  readonly attributes: Readonly<Record<string, string>>
  readonly meta: Readonly<Record<string, string>>
  readonly operations: Operations
  readonly wrapper: Wrapper
  /** The group or clone around it. */
  readonly outer?: XmlElement
  readonly outerPath: string
  readonly outerMeta: Readonly<Record<string, string>>
}

/** `ocf:heartbeat:IPaddr2`, `systemd:nginx`, `stonith:fence_ipmilan`. */
export const typeOf = ({ attrs }: XmlElement): string =>
  [attrs['class'], attrs['provider'], attrs['type']].filter((part) => part !== undefined).join(':')

const typeAttrs = (type: string): Record<string, string | undefined> => {
  const [kind, second, third] = type.split(':')
  return third === undefined ? { class: kind, type: second } : { class: kind, provider: second, type: third }
}

/** An operation's key: name, interval, and the role unless it is the ordinary one. */
export const operationKey = (name: string, interval: string, role?: string): string => {
  const word = role === undefined ? '' : roleName(role)
  return [name, normal('interval', interval), ...(word === '' || word === 'Started' ? [] : [word])].join(' ')
}

const operationOf = (op: XmlElement): readonly [string, Readonly<Record<string, string>>] => {
  const { id: _id, name = '', interval = '0s', role, ...options } = op.attrs
  const nested = Object.assign({}, ...op.children.map(pairsOf)) as Record<string, string>
  return [operationKey(name, interval, role), normalAll({ ...options, ...nested })]
}

const operationsOf = (primitive: XmlElement): readonly XmlElement[] =>
  childrenOf(primitive, 'operations').flatMap((list) => childrenOf(list, 'op'))

const wrapperOf = (outer: XmlElement | undefined): Wrapper => {
  switch (outer?.name) {
    case undefined:
      return 'none'
    case 'master':
      return 'promotable'
    case 'clone':
      return pairsOf(plainSet(outer, 'meta_attributes'))['promotable'] === 'true' ? 'promotable' : 'clone'
    case 'group':
      return 'group'
    default:
      return 'bundle'
  }
}

interface Located {
  readonly element: XmlElement
  readonly path: string
  readonly outer?: XmlElement
  readonly outerPath: string
}

const locate = (parent: XmlElement, path: string, id: string): Located | undefined => {
  for (const child of parent.children) {
    const here = pathBelow(path, child)
    if (child.name === 'primitive') {
      if (child.attrs['id'] !== id) continue
      return {
        element: child,
        path: here,
        outerPath: path,
        ...(parent.name !== 'resources' && { outer: parent }),
      }
    }
    const below = locate(child, here, id)
    if (below) return below
  }
  return undefined
}

/** Everything with this id among the resources: primitive, group, clone. */
export const findResource = (root: XmlElement, id: string): Found | undefined => {
  const resources = section(root, 'resources')
  const at = resources && locate(resources, `${CONFIGURATION}/resources`, id)
  if (!at) return undefined
  return {
    ...at,
    type: typeOf(at.element),
    attributes: pairsOf(plainSet(at.element, 'instance_attributes')),
    meta: normalAll(pairsOf(plainSet(at.element, 'meta_attributes'))),
    operations: Object.fromEntries(operationsOf(at.element).map(operationOf)),
    wrapper: wrapperOf(at.outer),
    outerMeta: normalAll(pairsOf(plainSet(at.outer, 'meta_attributes'))),
  }
}

/** A primitive as a task wants it. */
export interface WantedResource {
  readonly name: string
  readonly type: string
  readonly attributes: Wanted
  readonly meta: Wanted
  readonly operations: Operations
  readonly wrapper: Wrapper
  /** Id of the group or clone; meaningless without one. */
  readonly outerName: string
  readonly outerMeta: Wanted
}

const opElement = (
  root: XmlElement,
  owner: string,
  key: string,
  options: Readonly<Record<string, string>>,
) => {
  const [name = '', interval = '0s', role] = key.split(' ')
  const entries = Object.entries(options)
  // Agents read these from their environment: they are attributes of the agent, not of the operation.
  const forAgent = Object.fromEntries(entries.filter(([option]) => /^[A-Z_]+$/.test(option)))
  const own = Object.fromEntries(entries.filter(([option]) => !(option in forAgent)))
  const id = idFrom(owner, name, 'interval', interval, ...(role ? [role] : []))
  const nested = newSet('instance_attributes', `${id}-params`, forAgent)
  const attrs = { id, name, interval, ...(role && { role: roleFor(root, role) }), ...own }
  return element('op', attrs, nested ? [nested] : [])
}

const metaFor = (root: XmlElement, wanted: WantedResource): Wanted => {
  if (wanted.wrapper !== 'promotable') return wanted.outerMeta
  if (knowsPromotable(root)) return { promotable: 'true', ...wanted.outerMeta }
  const { 'promoted-max': max, 'promoted-node-max': nodeMax, ...rest } = wanted.outerMeta
  return {
    ...rest,
    ...(max !== undefined && { 'master-max': max }),
    ...(nodeMax !== undefined && { 'master-node-max': nodeMax }),
  }
}

const primitive = (root: XmlElement, wanted: WantedResource): XmlElement => {
  const ops = Object.entries(wanted.operations).map(([key, options]) =>
    opElement(root, wanted.name, key, options),
  )
  const sets = [
    newSet('instance_attributes', `${wanted.name}-instance_attributes`, wanted.attributes),
    newSet('meta_attributes', `${wanted.name}-meta_attributes`, wanted.meta),
    ops.length > 0 ? element('operations', {}, ops) : undefined,
  ]
  return element(
    'primitive',
    { id: wanted.name, ...typeAttrs(wanted.type) },
    sets.filter((set) => set !== undefined),
  )
}

/** The changes that make a resource that is not there. */
export const creation = (root: XmlElement, wanted: WantedResource): readonly CibChange[] => {
  const fresh = primitive(root, wanted)
  const path = `${CONFIGURATION}/resources`
  if (wanted.wrapper === 'none') return [create(path, fresh)]
  const id = wanted.outerName
  const set = newSet('meta_attributes', `${id}-meta_attributes`, metaFor(root, wanted))
  if (wanted.wrapper === 'group') {
    const group = childrenOf(section(root, 'resources'), 'group').find(({ attrs }) => attrs['id'] === id)
    if (group) return [create(pathBelow(path, group), fresh)]
    return [create(path, element('group', { id }, [...(set ? [set] : []), fresh]))]
  }
  const tag = wanted.wrapper === 'promotable' && !knowsPromotable(root) ? 'master' : 'clone'
  return [create(path, element(tag, { id }, [...(set ? [set] : []), fresh]))]
}

const sameOptions = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([key, value]) => b[key] === value)

/** Operations that differ are taken out and put in anew within one patch; the others are not touched. */
const operationChanges = (root: XmlElement, found: Found, wanted: WantedResource): readonly CibChange[] => {
  const holder = childrenOf(found.element, 'operations')[0]
  const path = `${found.path}/operations`
  const stale = operationsOf(found.element).filter((op) => {
    const [key, options] = operationOf(op)
    const want = wanted.operations[key]
    return !want || !sameOptions(want, options)
  })
  const fresh = Object.entries(wanted.operations)
    .filter(([key, options]) => !sameOptions(found.operations[key] ?? { missing: '' }, options))
    .map(([key, options]) => opElement(root, wanted.name, key, options))
  const removals = stale.map((op) => remove(pathBelow(path, op)))
  if (fresh.length === 0) return removals
  if (!holder) return [...removals, create(found.path, element('operations', {}, fresh))]
  return [...removals, ...fresh.map((op) => create(path, op))]
}

/** The changes that bring a resource to what is wanted; what is equal is not touched. */
export const adjustment = (
  root: XmlElement,
  found: Found,
  wanted: WantedResource,
  attributes: Wanted,
): readonly CibChange[] => {
  const place = (path: string, parent: XmlElement | undefined, kind: 'instance' | 'meta', id: string) => {
    const tag = `${kind}_attributes`
    return { path, parent, tag, id: `${id}-${tag}`, ...(kind === 'meta' && { same: sameValue }) }
  }
  const outer = found.outer
    ? setChanges(place(found.outerPath, found.outer, 'meta', wanted.outerName), metaFor(root, wanted))
    : []
  return [
    ...setChanges(place(found.path, found.element, 'instance', wanted.name), attributes),
    ...setChanges(place(found.path, found.element, 'meta', wanted.name), wanted.meta),
    ...operationChanges(root, found, wanted),
    ...outer,
  ]
}
