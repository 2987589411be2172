import { createHash } from 'node:crypto'
import { roleFor, roleName, section } from './cib.ts'
import { idFrom } from './patch.ts'
import { normalRule, ruleElement, ruleText } from './rule.ts'
import { childOf, element } from './xml.ts'
import type { XmlElement } from './xml.ts'

/** Ids of constraints that `crm_resource --move` and `--ban` leave behind. */
export const CLI = /^cli-(ban|prefer|standby)-/

export interface Colocation {
  readonly kind: 'colocation'
  readonly resource: string
  readonly role?: string
  readonly with: string
  readonly with_role?: string
  readonly score: string
}
export interface Order {
  readonly kind: 'order'
  readonly first: string
  readonly first_action?: string
  readonly next: string
  readonly next_action?: string
  readonly strength: 'Mandatory' | 'Optional' | 'Serialize'
  readonly symmetrical?: boolean
}
export interface Location {
  readonly kind: 'location'
  readonly resource: string
  readonly role?: string
  /** Either a node or a rule. */
  readonly node?: string
  readonly rule?: string
  readonly score: string
  /** Whether the node is asked what runs there, when it is not always. */
  readonly resource_discovery?: 'never' | 'exclusive'
}
export type Constraint = Colocation | Order | Location

const roled = (role: string | undefined, name: string): string => {
  const word = roleName(role ?? 'Started')
  return word === 'Started' ? name : `${word} ${name}`
}

/** What a constraint is about, without its strength: two constraints with the same key are one. */
export const keyOf = (constraint: Constraint): string => {
  switch (constraint.kind) {
    case 'colocation': {
      const { resource, role, with: other, with_role } = constraint
      return `colocation ${roled(role, resource)} with ${roled(with_role, other)}`
    }
    case 'order': {
      const { first, first_action = 'start', next, next_action = first_action } = constraint
      return `order ${first_action} ${first} then ${next_action} ${next}`
    }
    case 'location': {
      const { resource, role, node, rule } = constraint
      const where = rule === undefined ? `on ${node ?? ''}` : `where ${normalRule(rule)}`
      return `location ${roled(role, resource)} ${where}`
    }
  }
}

/** A score in one spelling. */
export const normalScore = (score: string): string => {
  const text = score.replace(/^\+/, '')
  const number = Number(text)
  if (!Number.isFinite(number) || text === '') return text === '' ? '0' : text
  return Math.abs(number) >= 1_000_000 ? (number < 0 ? '-INFINITY' : 'INFINITY') : String(number)
}

/** How strong a constraint is. */
export const valueOf = (constraint: Constraint): string => {
  if (constraint.kind === 'location' && constraint.resource_discovery !== undefined)
    return `${normalScore(constraint.score)}, discovery ${constraint.resource_discovery}`
  if (constraint.kind !== 'order') return normalScore(constraint.score)
  const symmetrical = constraint.symmetrical ?? constraint.strength !== 'Serialize'
  return symmetrical ? constraint.strength : `${constraint.strength}, not symmetrical`
}

/** A constraint found in the CIB; one rule of a location with several rules is one constraint. */
export interface FoundConstraint {
  readonly element: XmlElement
  readonly id: string
  /** Undefined: a kind that hactl does not write (sets, tickets, patterns, dates). */
  readonly constraint?: Constraint
}

/** The attribute of a location that says whether the node is asked what runs there. */
export const DISCOVERY = 'resource-discovery'

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  rsc_colocation: ['id', 'rsc', 'rsc-role', 'with-rsc', 'with-rsc-role', 'score'],
  rsc_order: ['id', 'first', 'first-action', 'then', 'then-action', 'kind', 'score', 'symmetrical'],
  rsc_location: ['id', 'rsc', 'role', 'node', 'score', DISCOVERY],
  rule: ['id', 'score', 'role', 'boolean-op'],
}
const plain = ({ name, attrs }: XmlElement): boolean =>
  Object.keys(attrs).every((attr) => KNOWN[name]?.includes(attr))

const colocationOf = ({ attrs, children }: XmlElement): Constraint | undefined => {
  const { rsc, 'with-rsc': other, score = '0' } = attrs
  if (rsc === undefined || other === undefined || children.length > 0) return undefined
  const [role, withRole] = [attrs['rsc-role'], attrs['with-rsc-role']]
  return {
    kind: 'colocation',
    resource: rsc,
    with: other,
    score,
    ...(role !== undefined && { role }),
    ...(withRole !== undefined && { with_role: withRole }),
  }
}

/** Without a kind the score decides: 0 is Optional, everything else Mandatory. */
const strengthOf = (attrs: XmlElement['attrs']): Order['strength'] => {
  const { kind } = attrs
  if (kind === 'Optional' || kind === 'Serialize' || kind === 'Mandatory') return kind
  return normalScore(attrs['score'] ?? 'INFINITY') === '0' ? 'Optional' : 'Mandatory'
}

const orderOf = ({ attrs, children }: XmlElement): Constraint | undefined => {
  const { first, then: next } = attrs
  if (first === undefined || next === undefined || children.length > 0) return undefined
  const [firstAction, thenAction] = [attrs['first-action'], attrs['then-action']]
  return {
    kind: 'order',
    first,
    next,
    strength: strengthOf(attrs),
    ...(firstAction !== undefined && { first_action: firstAction }),
    ...(thenAction !== undefined && { next_action: thenAction }),
    ...(attrs['symmetrical'] !== undefined && { symmetrical: attrs['symmetrical'] === 'true' }),
  }
}

const ruledLocation = (resource: string, rule: XmlElement, outer: string | undefined) => {
  const text = plain(rule) && rule.name === 'rule' ? ruleText(rule) : undefined
  const { score, role = outer } = rule.attrs
  if (text === undefined || score === undefined) return undefined
  return { kind: 'location', resource, rule: text, score, ...(role !== undefined && { role }) } as const
}

const locationOf = ({ attrs, children }: XmlElement): Constraint | undefined => {
  const { rsc, node, score = '0', role } = attrs
  if (rsc === undefined) return undefined
  const discovery = attrs[DISCOVERY] === 'always' ? undefined : attrs[DISCOVERY]
  const [rule, second] = children
  if (rule) return second || discovery !== undefined ? undefined : ruledLocation(rsc, rule, role)
  if (node === undefined) return undefined
  return {
    kind: 'location',
    resource: rsc,
    node,
    score,
    ...(role !== undefined && { role }),
    ...((discovery === 'never' || discovery === 'exclusive') && { resource_discovery: discovery }),
  }
}

/** All constraints of the CIB. */
export const constraintsOf = (root: XmlElement): readonly FoundConstraint[] =>
  (section(root, 'constraints')?.children ?? []).map((found) => {
    const readers: Readonly<Record<string, (at: XmlElement) => Constraint | undefined>> = {
      rsc_colocation: colocationOf,
      rsc_order: orderOf,
      rsc_location: locationOf,
    }
    const constraint = plain(found) ? readers[found.name]?.(found) : undefined
    return { element: found, id: found.attrs['id'] ?? '', ...(constraint && { constraint }) }
  })

/** What the ids of an owner's constraints begin with. */
export const prefixOf = (owner: string): string => `${owner}.`

/** An id made of the constraint's meaning; a digest tells apart what looks alike as an id. */
export const ownId = (owner: string, constraint: Constraint): string => {
  const key = keyOf(constraint)
  return idFrom(
    `${prefixOf(owner)}${key}`.slice(0, 80),
    createHash('sha256').update(key).digest('hex').slice(0, 8),
  )
}

/** The element for a constraint, in the words of this CIB's schema. */
export const constraintElement = (root: XmlElement, owner: string, constraint: Constraint): XmlElement => {
  const id = ownId(owner, constraint)
  const word = (role: string | undefined) =>
    role === undefined || roleName(role) === 'Started' ? undefined : roleFor(root, role)
  switch (constraint.kind) {
    case 'colocation':
      return element('rsc_colocation', {
        id,
        rsc: constraint.resource,
        'rsc-role': word(constraint.role),
        'with-rsc': constraint.with,
        'with-rsc-role': word(constraint.with_role),
        score: normalScore(constraint.score),
      })
    case 'order':
      return orderElement(id, constraint)
    case 'location':
      return locationElement(id, constraint, word(constraint.role))
  }
}

const ORDER = ['id', 'first', 'first-action', 'then', 'then-action', 'kind', 'symmetrical'] as const

/** Zipped, because an object literal with a key `then` looks like a promise. */
const orderElement = (id: string, order: Order): XmlElement => {
  const { first, first_action, next, next_action, strength, symmetrical } = order
  const values = [id, first, first_action, next, next_action, strength, symmetrical?.toString()]
  return element('rsc_order', Object.fromEntries(ORDER.map((name, index) => [name, values[index]])))
}

const locationElement = (id: string, location: Location, role: string | undefined) => {
  const { resource, node, rule, score, resource_discovery: discovery } = location
  if (rule === undefined) {
    const place = { id, rsc: resource, role, node, score: normalScore(score) }
    return element('rsc_location', { ...place, [DISCOVERY]: discovery })
  }
  const body = ruleElement(`${id}-rule`, rule, { score: normalScore(score), role })
  return element('rsc_location', { id, rsc: resource }, [body])
}

/** Constraints that move and ban commands left behind: id and resource. */
export const leftovers = (root: XmlElement): readonly LeftBan[] =>
  constraintsOf(root)
    .filter(({ id }) => CLI.test(id))
    .map(({ id, element: found }) => {
      const rule = childOf(found, 'rule')
      const named = rule?.children.find(({ attrs }) => attrs['attribute'] === '#uname')?.attrs['value']
      const until = rule?.children.find(({ name }) => name === 'date_expression')?.attrs['end']
      const node = found.attrs['node'] ?? named
      return {
        id,
        resource: found.attrs['rsc'] ?? '',
        score: found.attrs['score'] ?? rule?.attrs['score'] ?? '',
        ...(node !== undefined && { node }),
        ...(until !== undefined && { until }),
      }
    })

export interface LeftBan {
  readonly id: string
  readonly resource: string
  readonly score: string
  readonly node?: string
  /** When it ends by itself (ISO 8601); undefined: never. */
  readonly until?: string
}
