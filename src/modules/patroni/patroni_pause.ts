import type { Static } from 'typebox'
import { defineAction } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { call } from './call.ts'
import { readCluster } from './documents.ts'
import type { ClusterMember, MemberDocument } from './documents.ts'
import { get, restArgs } from './rest.ts'

const args = Type.Object({
  paused: Type.Boolean({
    description:
      'true: no failover, and Patroni neither starts nor stops PostgreSQL by itself; false: it does again.',
  }),
  wait: Type.Boolean({
    description: 'Whether all members must have seen it.',
    default: true,
  }),
  ...restArgs,
})
type Args = Static<typeof args>

/** What a member knows: true, false, or why it is not known. */
async function seenBy(
  probe: Probe,
  { rest }: Args,
  { name, api_url: url }: ClusterMember,
): Promise<readonly [name: string, paused: boolean | undefined]> {
  const answer = url === undefined ? undefined : await get<MemberDocument>(probe, rest, url)
  return [name, answer?.kind === 'document' ? answer.body.pause === true : undefined]
}

async function reason(probe: Probe, all: Args): Promise<string | undefined> {
  const answer = await readCluster(probe, all.rest)
  if (answer.kind === 'none') throw new NotYet(answer.why)
  const { members, pause = false } = answer.body
  if (pause !== all.paused) return pause ? 'the cluster is paused' : 'the cluster is not paused'
  if (!all.wait) return undefined
  const seen = await Promise.all(members.map((member) => seenBy(probe, all, member)))
  const late = seen.filter(([, paused]) => paused !== all.paused)
  return late.length === 0
    ? undefined
    : late
        .map(([name, paused]) => `${name} ${paused === undefined ? 'does not answer' : 'has not seen it'}`)
        .join(', ')
}

/** Maintenance mode of the cluster. */
export const patroniPause = defineAction({
  name: 'patroni_pause',
  about: 'Pause automatic failover of the cluster, or resume it, and wait until every member has seen it.',
  args,
  examples: ["patroni_pause: { paused: true, rest: '{{ rest }}' }"],
  label: ({ paused }) => (paused ? 'paused' : 'resumed'),
  done: async (probe, all) => (await reason(probe, all)) === undefined,
  steps: ({ paused, rest }) => [
    call(rest, {
      method: 'PATCH',
      path: '/config',
      body: { pause: paused || null },
      impact: 'none',
      seconds: 20,
    }),
  ],
  explain: async (probe, all) => (await reason(probe, all)) ?? 'it has happened meanwhile',
  timeoutMs: 90_000,
})
