import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { differences } from '../../engine/diff.ts'
import type { Impact } from '../../engine/impact.ts'
import type { Probe } from '../../engine/probe.ts'
import type { Step } from '../../engine/step.ts'
import { Secret } from '../../lib/secret.ts'
import { Type } from '../../lib/type.ts'
import { forbidSecrets, isSecret, readAgent, refuseAgent } from './agent.ts'
import type { Agent } from './agent.ts'
import { readCib, refuseChange } from './cib.ts'
import { patchStep } from './patch.ts'
import type { Wanted } from './patch.ts'
import { adjustment, creation, findResource, operationKey } from './resource.ts'
import type { Found, Operations, WantedResource } from './resource.ts'
import { comparable, exactly, normalAll } from './values.ts'
import type { Scalar } from './values.ts'
import type { XmlElement } from './xml.ts'

type Attributes = Readonly<Record<string, string | Secret | null>>

/** What `pcs_resource` and `pcs_stonith` share: one primitive of the CIB as a state. */
export interface PrimitiveState {
  readonly [field: string]: unknown
  readonly type: string
  readonly attributes: Attributes
  readonly meta: Wanted
  readonly operations: Readonly<Record<string, Readonly<Record<string, string>> | null>>
  /** What it is in, `promotable pgsql-clone`, `group g`, `nothing`. */
  readonly in: string
  readonly clone_meta: Wanted
  readonly root: XmlElement
  readonly found: Found | undefined
  readonly agent: Agent
}

export interface Operation {
  readonly name: string
  readonly interval?: Scalar
  readonly role?: string
  readonly [option: string]: Scalar | undefined
}

const scalar = { type: ['string', 'number', 'boolean'] }

export const operations = (description: string) =>
  Type.Unsafe<readonly Operation[]>({
    type: 'array',
    description,
    default: [],
    items: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', description: 'start, stop, monitor, promote, demote, notify, …' },
        interval: { ...scalar, description: 'How often; 0s for what is not repeated.' },
        role: { type: 'string', description: 'The role a monitor is for: Promoted or Unpromoted.' },
      },
      additionalProperties: scalar,
    },
  })

/** Operations by key; two with the same key are an error, because the cluster would mix them up. */
export const operationsFrom = (list: readonly Operation[]): Operations => {
  const result: Record<string, Readonly<Record<string, string>>> = {}
  for (const { name, interval = '0s', role, ...options } of list) {
    const key = operationKey(name, String(interval), role)
    if (key in result || (role !== undefined && sameInterval(list, name, interval) > 1)) {
      throw new HactlError(
        problem('pcs/operation-twice', `two operations ${name} have the interval ${interval}`, {
          hint: 'give each its own interval: the cluster knows operations by name and interval',
        }),
      )
    }
    const texts = Object.entries(options).map(([option, value]) => [option, String(value)])
    result[key] = normalAll(Object.fromEntries(texts) as Record<string, string>)
  }
  return result
}

const sameInterval = (list: readonly Operation[], name: string, interval: Scalar): number =>
  list.filter(
    (op) => operationKey(op.name, String(op.interval ?? '0s')) === operationKey(name, String(interval)),
  ).length

const place = (wrapper: string, name: string): string =>
  wrapper === 'none' ? 'nothing' : `${wrapper} ${name}`

/** A password that somebody else has put into the CIB must not be shown when it is taken out. */
const masked = (attributes: Readonly<Record<string, string>>): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, isSecret(key) ? new Secret(value) : value]),
  )

/** The compared fields of a primitive, and of one that is not there. */
const fieldsOf = (found: Found | undefined) =>
  found
    ? {
        type: found.type,
        attributes: masked(found.attributes),
        meta: found.meta,
        operations: found.operations,
        in: place(found.wrapper, found.outer?.attrs['id'] ?? ''),
        clone_meta: found.outerMeta,
      }
    : { type: 'absent', attributes: {}, meta: {}, operations: {}, in: 'nothing', clone_meta: {} }

/** Reads a primitive. The agent is asked only when the resource is new or its parameters change. */
export const readPrimitive = async (probe: Probe, wanted: WantedResource): Promise<PrimitiveState> => {
  forbidSecrets(wanted.name, wanted.attributes)
  const root = await readCib(probe)
  const found = findResource(root, wanted.name)
  const fields = fieldsOf(found)
  const next = exactly(wanted.attributes, fields.attributes)
  const changed = !found || differences(fields.attributes, next).length > 0
  return { ...fields, root, found, agent: changed ? await readAgent(probe, wanted.type) : { kind: 'plain' } }
}

/** Attributes and operations must be exactly these; of meta attributes only those named count. */
export const desiredPrimitive = (wanted: WantedResource, from: PrimitiveState): Partial<PrimitiveState> => ({
  type: wanted.type,
  attributes: exactly(wanted.attributes, from.attributes),
  meta: comparable(wanted.meta, from.meta),
  operations: exactly(wanted.operations as never, from.operations) as never,
  in: place(wanted.wrapper, wanted.outerName),
  clone_meta: wanted.wrapper === 'none' ? {} : comparable(wanted.outerMeta, from.clone_meta),
})

/** Reasons that hold for every primitive. `removal` is the command that removes it by hand. */
export const refusePrimitive = (
  from: PrimitiveState,
  wanted: WantedResource,
  removal: string,
): Diagnostic | undefined => {
  if (from.found && from.type !== wanted.type) {
    return problem('pcs/other-type', `${wanted.name} is ${from.type}, not ${wanted.type}`, {
      hint: `a resource cannot change its type: ${removal}, then run hactl again`,
    })
  }
  if (from.found && from.in !== place(wanted.wrapper, wanted.outerName)) {
    return problem(
      'pcs/other-place',
      `${wanted.name} is in ${from.in}, not in ${place(wanted.wrapper, wanted.outerName)}`,
      { hint: `hactl does not regroup a resource: ${removal}, then run hactl again` },
    )
  }
  return refuseChange(from.root) ?? refuseAgent(from.agent, wanted.type, wanted.attributes)
}

/** One patch that creates the primitive or changes what differs. */
export const stepsOfPrimitive = (
  from: PrimitiveState,
  to: Partial<PrimitiveState>,
  wanted: WantedResource,
  impact: Impact,
): readonly Step[] => {
  if (!from.found) return patchStep(creation(from.root, wanted))
  const attributes = exactly(wanted.attributes, from.attributes)
  const restarts = differences(from.attributes, attributes).length > 0
  return patchStep(adjustment(from.root, from.found, wanted, attributes), restarts ? impact : 'none')
}

/** An argument that only a person can mend. */
export const usage = (code: string, summary: string, hint: string): HactlError =>
  new HactlError(problem(code, summary, { hint }), EXIT.usage)
