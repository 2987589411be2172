import type { Static } from 'typebox'
import { defineAction } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import {
  isSynchronous,
  isUp,
  leaderOf,
  ownOf,
  readCluster,
  readLeader,
  readMember,
  streamingTo,
} from './documents.ts'
import type { ClusterDocument, MemberDocument } from './documents.ts'
import { restArgs } from './rest.ts'

const args = Type.Object({
  until: Type.Enum(
    [
      'answers',
      'running',
      'leader',
      'replica',
      'streaming',
      'sync',
      'no-pending-restart',
      'cluster-has-leader',
      'all-running',
      'all-streaming',
    ],
    {
      description:
        'Of this member: Patroni answers; PostgreSQL runs; it is the leader; is a running standby; streams; is a synchronous standby; needs no restart. Of the cluster: it has a leader that runs; all members run; all standbys stream.',
    },
  ),
  members: Type.Array(Type.String({ description: 'A member.' }), {
    description: 'For `all-…`: members that must be in the cluster; default: those that are.',
    default: [],
  }),
  ...restArgs,
})
type Args = Static<typeof args>

const unless = (holds: boolean, why: string): string | undefined => (holds ? undefined : why)

/** Why a member alone is not there yet. Pure. */
export function memberReason(until: Args['until'], seen: MemberDocument): string | undefined {
  const { state = 'unknown', role = 'unknown' } = seen
  if (until === 'answers') return undefined
  if (!isUp(state)) return `PostgreSQL is "${state}" there`
  switch (until) {
    case 'replica':
      return unless(role === 'replica', `it is ${role}`)
    case 'sync':
      return unless(isSynchronous(seen), `it is ${role}, not a synchronous standby`)
    case 'no-pending-restart':
      return unless(seen.pending_restart !== true, 'settings wait for a restart')
    default:
      return undefined
  }
}

/** Why the cluster is not there yet; `streaming`: the names that the leader sends WAL to. Pure. */
export function clusterReason(
  all: Args,
  cluster: ClusterDocument,
  streaming: readonly string[],
): string | undefined {
  const leader = leaderOf(cluster)
  if (!leader) return 'no member holds the leader key'
  if (!isUp(leader.state)) return `the leader ${leader.name} is "${leader.state}"`
  if (all.until === 'leader') {
    return unless(ownOf(cluster, all.rest)?.name === leader.name, `the leader is ${leader.name}`)
  }
  if (all.until === 'streaming') {
    const name = ownOf(cluster, all.rest)?.name
    return unless(name !== undefined && streaming.includes(name), `${leader.name} does not stream to it`)
  }
  if (!all.until.startsWith('all-')) return undefined
  const missing = all.members.filter((name) => !cluster.members.some((member) => member.name === name))
  if (missing.length > 0) return `not in the cluster: ${missing.join(', ')}`
  const idle = cluster.members.filter(
    ({ name, state }) =>
      !isUp(state) || (all.until === 'all-streaming' && name !== leader.name && !streaming.includes(name)),
  )
  const how = all.until === 'all-streaming' ? 'not streaming' : 'not running'
  return unless(
    idle.length === 0,
    `${how}: ${idle.map(({ name, state }) => `${name} (${state})`).join(', ')}`,
  )
}

const ABOUT_CLUSTER = new Set<Args['until']>([
  'leader',
  'streaming',
  'cluster-has-leader',
  'all-running',
  'all-streaming',
])

async function reason(probe: Probe, all: Args): Promise<string | undefined> {
  const [member, cluster] = await Promise.all([
    readMember(probe, all.rest),
    ABOUT_CLUSTER.has(all.until) ? readCluster(probe, all.rest) : undefined,
  ])
  if (member.kind === 'none') return member.why
  if (cluster === undefined) return memberReason(all.until, member.body)
  if (cluster.kind === 'none') return cluster.why
  const alone =
    all.until === 'leader' || all.until === 'streaming' ? memberReason(all.until, member.body) : undefined
  if (alone !== undefined) return alone
  if (!all.until.endsWith('streaming')) return clusterReason(all, cluster.body, [])
  const leader = await readLeader(probe, all.rest, cluster.body)
  return leader.kind === 'none' ? leader.why : clusterReason(all, cluster.body, streamingTo(leader.body))
}

/** Waits for a member or the cluster. */
export const patroniWait = defineAction({
  name: 'patroni_wait',
  about: 'Wait until this member, or the whole cluster, is in a state.',
  args,
  examples: [
    "patroni_wait: { until: streaming, rest: '{{ rest }}' }",
    "patroni_wait: { until: all-streaming, members: [pg1, pg2, pg3], rest: '{{ rest }}' }",
  ],
  label: ({ until }) => until,
  done: async (probe, all) => (await reason(probe, all)) === undefined,
  steps: () => [],
  explain: async (probe, all) => (await reason(probe, all)) ?? 'it has happened meanwhile',
  touches: () => [],
  timeoutMs: 120_000,
})
