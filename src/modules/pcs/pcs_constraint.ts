import type { Static } from 'typebox'
import { IMPACTS } from '../../engine/impact.ts'
import { defineModule } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { CIB, readCib, refuseChange, section } from './cib.ts'
import { constraintElement, constraintsOf, DISCOVERY, keyOf, prefixOf, valueOf } from './constraint.ts'
import type { Constraint, FoundConstraint } from './constraint.ts'
import { CONFIGURATION, create, modify, patchStep, pathBelow, remove } from './patch.ts'
import type { CibChange } from './patch.ts'
import { usage } from './primitive.ts'
import { descendants } from './xml.ts'
import type { XmlElement } from './xml.ts'

const text = (description: string) => Type.Optional(Type.String({ description, minLength: 1 }))
const STRENGTHS = ['Mandatory', 'Optional', 'Serialize'] as const

const one = Type.Object({
  kind: Type.Enum(['colocation', 'order', 'location'], { description: 'What it rules.' }),
  resource: text('Colocation, location: the resource that is placed.'),
  role: text('Colocation, location: only for its copies in this role (Promoted, Unpromoted).'),
  with: text('Colocation: the resource beside which it is placed.'),
  with_role: text('Colocation: only beside copies in this role.'),
  node: text('Location: the node that is preferred or avoided.'),
  rule: text('Location: instead of a node, a rule on node attributes, as pcs writes it.'),
  score: Type.Optional(
    Type.Unsafe<string | number>({
      type: ['string', 'number'],
      description: 'Colocation, location: a number, INFINITY (the default) or -INFINITY.',
    }),
  ),
  resource_discovery: Type.Optional(
    Type.Enum(['always', 'never', 'exclusive'], {
      description: 'Location on a node: whether it is asked what runs there; default always.',
    }),
  ),
  first: text('Order: the resource that acts first.'),
  first_action: text('Order: start (the default), stop, promote, demote.'),
  next: text('Order: the resource that acts afterwards.'),
  next_action: text('Order: its action; default: the same as the first.'),
  strength: Type.Optional(
    Type.Enum(STRENGTHS, {
      description: 'Order: Mandatory (the default), Optional (only when both act anyway) or Serialize.',
    }),
  ),
  symmetrical: Type.Optional(
    Type.Boolean({ description: 'Order: whether the reverse holds for stopping; default true.' }),
  ),
})

const args = Type.Object({
  constraints: Type.Array(one, { description: 'All constraints of this owner; its others are removed.' }),
  owner: Type.String({
    description: 'Whose list this is. The ids of its constraints begin with this name and a dot.',
    pattern: '^[A-Za-z_][A-Za-z0-9_-]*$',
    default: 'hactl',
  }),
  impact: Type.Enum(IMPACTS, {
    description: 'What a change interrupts, when the constraints decide where a running resource is.',
    default: 'none',
  }),
})
type Args = Static<typeof args>
type Given = Static<typeof one>

const need = (given: Given, field: 'resource' | 'with' | 'first' | 'next'): string => {
  const value = given[field]
  if (value !== undefined) return value
  throw usage(
    'pcs/constraint',
    `a constraint of the kind ${given.kind} needs "${field}"`,
    `add ${field}: NAME`,
  )
}

const defined = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

const constraintFrom = (given: Given): Constraint => {
  const { kind, role, with_role, node, rule, first_action, next_action, symmetrical } = given
  const score = String(given.score ?? 'INFINITY')
  switch (kind) {
    case 'colocation': {
      const base = { kind, resource: need(given, 'resource'), with: need(given, 'with'), score }
      return { ...base, ...defined({ role, with_role }) } as Constraint
    }
    case 'order': {
      const base = { kind, first: need(given, 'first'), next: need(given, 'next') }
      const more = defined({ first_action, next_action, symmetrical })
      return { ...base, ...more, strength: given.strength ?? 'Mandatory' } as Constraint
    }
    case 'location': {
      if ((node === undefined) === (rule === undefined)) {
        throw usage('pcs/constraint', 'a location has either a node or a rule', 'give one of node, rule')
      }
      const asked = given.resource_discovery === 'always' ? undefined : given.resource_discovery
      if (rule !== undefined && asked !== undefined) {
        throw usage('pcs/constraint', 'resource_discovery is of a node, not of a rule', 'give a node')
      }
      return {
        kind,
        resource: need(given, 'resource'),
        score,
        ...defined({ role, node, rule, resource_discovery: asked }),
      } as Constraint
    }
  }
}

const wantedOf = ({ constraints }: Args): ReadonlyMap<string, Constraint> =>
  new Map(constraints.map(constraintFrom).map((constraint) => [keyOf(constraint), constraint]))

interface ConstraintState {
  readonly [field: string]: unknown
  readonly constraints: Readonly<Record<string, string | null>>
  readonly root: XmlElement
}

const isOwn = (owner: string, { id }: FoundConstraint): boolean => id.startsWith(prefixOf(owner))

/** What a found constraint is called: by its meaning, or by its id when hactl does not write that kind. */
const nameOf = ({ id, constraint }: FoundConstraint): string => (constraint ? keyOf(constraint) : `id ${id}`)

/** Own constraints come last, so that they win over others of the same meaning. */
const ordered = (root: XmlElement, owner: string): readonly FoundConstraint[] => {
  const all = constraintsOf(root)
  return [...all.filter((each) => !isOwn(owner, each)), ...all.filter((each) => isOwn(owner, each))]
}

const stateOf = (root: XmlElement, owner: string): ConstraintState => ({
  constraints: Object.fromEntries(
    ordered(root, owner).map((found) => [
      nameOf(found),
      found.constraint ? valueOf(found.constraint) : 'other kind',
    ]),
  ),
  root,
})

const changed = (path: string, found: FoundConstraint, wanted: Constraint, fresh: XmlElement): CibChange => {
  const at = pathBelow(path, found.element)
  if (wanted.kind === 'order') {
    const { kind, symmetrical } = fresh.attrs
    return modify(at, found.element, { kind, symmetrical, score: undefined })
  }
  const rule = found.element.children[0]
  const score = (fresh.children[0] ?? fresh).attrs['score']
  if (rule) return modify(pathBelow(at, rule), rule, { score })
  const asked = fresh.attrs[DISCOVERY]
  const isSame = found.element.attrs[DISCOVERY] === asked
  return modify(at, found.element, { score, ...(!isSame && { [DISCOVERY]: asked }) })
}

const changes = (root: XmlElement, all: Args): readonly CibChange[] => {
  const path = `${CONFIGURATION}/constraints`
  const wanted = wantedOf(all)
  const found = ordered(root, all.owner)
  const byName = new Map(found.map((each) => [nameOf(each), each]))
  const stray = found.filter((each) => isOwn(all.owner, each) && !wanted.has(nameOf(each)))
  return [
    ...stray.map((each) => remove(pathBelow(path, each.element))),
    ...[...wanted].flatMap(([key, constraint]) => {
      const present = byName.get(key)
      const fresh = constraintElement(root, all.owner, constraint)
      if (!present?.constraint) return [create(path, fresh)]
      return valueOf(present.constraint) === valueOf(constraint)
        ? []
        : [changed(path, present, constraint, fresh)]
    }),
  ]
}

/** Resources named in constraints must exist: the cluster would ignore the constraint without a word. */
const unknownResource = (root: XmlElement, all: Args): string | undefined => {
  const resources = section(root, 'resources')
  const known = new Set(
    ['primitive', 'group', 'clone', 'master', 'bundle'].flatMap((tag) =>
      resources ? descendants(resources, tag).map(({ attrs }) => attrs['id']) : [],
    ),
  )
  return all.constraints
    .flatMap(({ resource, with: other, first, next }) => [resource, other, first, next])
    .find((name) => name !== undefined && !known.has(name))
}

/** Constraints of one owner, compared by what they mean. */
export const pcsConstraint = defineModule<typeof args, ConstraintState>({
  name: 'pcs_constraint',
  about: 'Keep exactly these constraints of one owner; those made by others are left alone.',
  args,
  examples: [
    `pcs_constraint:
  constraints:
    - { kind: colocation, resource: vip-writer, with: pgsql-clone, with_role: Promoted }
    - { kind: order, first: pgsql-clone, first_action: promote, next: vip-writer, next_action: start, symmetrical: false }
    - { kind: location, resource: vip-reader, rule: "pgsql-status eq HS:sync", score: 300 }`,
  ],
  label: ({ owner, constraints }) => `${owner}: ${constraints.length}`,
  async current(probe, all) {
    wantedOf(all)
    const root = await readCib(probe)
    // An earlier task of the same run may be about to create it.
    const missing = unknownResource(root, all)
    if (missing !== undefined)
      throw new NotYet(`a constraint names the resource ${missing}, which does not exist`)
    return stateOf(root, all.owner)
  },
  desired(all, { root }) {
    const own = ordered(root, all.owner).filter((found) => isOwn(all.owner, found))
    const wanted = [...wantedOf(all)].map(([key, constraint]) => [key, valueOf(constraint)] as const)
    return {
      constraints: {
        ...Object.fromEntries(own.map((found) => [nameOf(found), null])),
        ...Object.fromEntries(wanted),
      },
    }
  },
  refuse: ({ root }) => refuseChange(root),
  steps: ({ root }, _, all) => patchStep(changes(root, all), all.impact),
  touches: () => [CIB],
})
