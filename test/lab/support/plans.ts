import { expect } from 'vitest'
import type { ClusterStatus } from '../../../src/cluster/status.ts'
import type { RunSummary, TaskRef, TaskResult } from '../../../src/engine/events.ts'
import type { Lab } from './lab.ts'
import { membersOf } from '../../../src/cluster/members.ts'

export type Outcome = TaskRef & TaskResult & { readonly ms: number }

/** The JSON of a plan, an apply or a runbook. */
export interface RunJson {
  /** The exit code. */
  readonly code: number | null
  readonly run: string
  readonly results: readonly Outcome[]
  readonly unreachable: readonly { readonly host: string }[]
  readonly summary?: RunSummary
  readonly pending?: number
}

/** What differs in a plan, one line each. */
const changes = (run: RunJson, line: (result: Outcome & { readonly impact: string }) => string) =>
  run.results
    .flatMap((result) => (result.status === 'changed' || result.status === 'unknown' ? [line(result)] : []))
    .toSorted()

/** What differs in a plan, one line each: host, task, label, status, impact. */
export const differences = (run: RunJson): readonly string[] =>
  changes(run, ({ host, name, repr, status, impact }) => [host, name, repr, status, impact].join(' | '))

/** The same as somebody reads it: host, task, impact. */
export const shown = (run: RunJson): readonly string[] =>
  changes(run, ({ host, name, impact }) => [host, name, impact].join(' | '))

/** Fails the test when a plan is not empty, with what is in it. */
export async function expectEmptyPlan(lab: Lab): Promise<RunJson> {
  const plan = await lab.plan('--exit-code')
  expect(differences(plan)).toEqual([])
  expect(plan.code).toBe(0)
  expect(plan.summary).toMatchObject({ outcome: 'done', changed: 0, unknown: 0, failed: 0, unreachable: 0 })
  return plan
}

/** The primary and the standbys of a healthy cluster. */
export function roles(status: ClusterStatus): {
  readonly primary: string
  readonly standbys: readonly string[]
} {
  const primary = status.primary ?? ''
  const members = membersOf(status)
  const standbys = members.filter((member) => member.role === 'standby').map((member) => member.name)
  expect(members.map((member) => member.name)).toContain(primary)
  return { primary, standbys }
}

/** What status says of a member. */
export const memberOf = async (lab: Lab, name: string) =>
  membersOf(await lab.status()).find((each) => each.name === name)
