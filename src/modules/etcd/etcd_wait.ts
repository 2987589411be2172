import type { Static } from 'typebox'
import { defineAction } from '../../engine/module.ts'
import { NotYet, type Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { parseStatus, type EndpointStatus } from './answers.ts'
import { clientArgs, read } from './etcdctl.ts'

const args = Type.Object({
  ...clientArgs,
  except: Type.Optional(Type.String({ description: 'A member that need not answer.' })),
})
type Args = Static<typeof args>

const peersOf = ({ peers, except }: Args): Args['peers'] => peers.filter(({ name }) => name !== except)

/** Why the wait is not over yet; undefined when it is. Pure. */
export function waitingFor(answers: readonly EndpointStatus[], all: Args): string | undefined {
  const of = (client: string) => answers.find(({ endpoint }) => endpoint === client)
  const wanted = peersOf(all)
  const silent = wanted.filter(({ client }) => of(client) === undefined)
  const names = (peers: Args['peers']): string => peers.map(({ name }) => name).join(', ')
  if (silent.length > 0) return `no answer from etcd on ${names(silent)}`
  const leaderless = wanted.filter(({ client }) => of(client)?.leader === '0')
  if (leaderless.length > 0) return `no leader is known on ${names(leaderless)}`
  if (new Set(answers.map(({ cluster }) => cluster)).size > 1) {
    const which = wanted.map(({ name, client }) => `${name}: ${of(client)?.cluster}`).join(', ')
    return `the members are in different clusters: ${which}`
  }
  const [ill] = answers.filter(({ errors }) => errors.length > 0)
  return ill && `${ill.endpoint}: ${ill.errors.join(', ')}`
}

async function reason(probe: Probe, all: Args): Promise<string | undefined> {
  const urls = peersOf(all).map(({ client }) => client)
  const [status, health] = await Promise.all([
    read(probe, all.tls ? { tls: all.tls } : {}, urls, 'endpoint', 'status', '-w', 'json'),
    // Only its exit code: etcd 3.3 has no JSON here. It reads a key, which needs a majority.
    read(probe, all, urls, 'endpoint', 'health'),
  ])
  if (status.code === 127) throw new NotYet('etcdctl is not installed')
  const why = waitingFor(parseStatus(status.stdout), all)
  if (why !== undefined) return `${why}\n${status.stderr.trim()}`.trim()
  return health.code === 0 ? undefined : health.stderr.trim() || 'a member is not healthy'
}

/** Waits for etcd; changes nothing. */
export const etcdWait = defineAction({
  name: 'etcd_wait',
  about: 'Wait until every member of an etcd cluster answers, is in the same cluster, and has a leader.',
  args,
  examples: ['etcd_wait: { peers: "{{ cluster.dcs.peers }}" }'],
  label: (all) =>
    peersOf(all)
      .map(({ name }) => name)
      .join(' '),
  done: async (probe, all) => (await reason(probe, all)) === undefined,
  steps: () => [],
  explain: async (probe, all) => (await reason(probe, all)) ?? 'it has happened meanwhile',
  timeoutMs: 90_000,
})
