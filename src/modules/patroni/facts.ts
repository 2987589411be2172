import { defineFact } from '../../engine/module.ts'
import type { Fact } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'
import { factServer } from '../postgres/facts.ts'
import { readServer } from '../postgres/server.ts'
import { isSynchronous, readMember } from './documents.ts'
import type { MemberDocument } from './documents.ts'
import type { Rest } from './rest.ts'
import { vipManagerFacts } from './vip-manager.ts'

type Scope = Readonly<Record<string, unknown>>

const record = (value: unknown): Scope =>
  typeof value === 'object' && value !== null ? (value as Scope) : {}

const words = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The REST API that facts speak of: `cluster.rest` (`scheme`, `port`) at the address of the host. */
export function factRest(scope: Scope): Rest {
  const cluster = record(scope['cluster'])
  const { scheme, port } = record(cluster['rest'])
  return {
    scheme: scheme === 'https' ? 'https' : 'http',
    address: words(scope['address']),
    port: typeof port === 'number' ? port : 8008,
    user: '',
    cacert: words(record(cluster['tls'])['ca']),
  }
}

const memberFact = (name: string, about: string, pick: (member: MemberDocument) => unknown): Fact =>
  defineFact({
    name: `patroni.${name}`,
    about: `${about} Not defined while Patroni does not answer.`,
    async read(probe: Probe, scope: Scope = {}) {
      const answer = await readMember(probe, factRest(scope))
      return answer.kind === 'document' ? pick(answer.body) : undefined
    },
  })

/** Readings of this host's REST API. */
export const patroniFacts: readonly Fact[] = [
  memberFact(
    'state',
    'State of PostgreSQL in the words of Patroni: running, starting, stopped …',
    ({ state }) => state,
  ),
  memberFact('sync', 'Whether this member is a synchronous standby that may be promoted.', isSynchronous),
  memberFact(
    'paused',
    'Whether this member has seen that the cluster is paused.',
    ({ pause }) => pause === true,
  ),
  memberFact(
    'pending_restart',
    'Whether settings wait for a restart of PostgreSQL.',
    (member) => member.pending_restart === true,
  ),
  // Patroni of this host does not know it before version 3.1, PostgreSQL always does.
  defineFact({
    name: 'patroni.streaming',
    about: 'Whether this member is a standby that streams.',
    async read(probe: Probe, scope: Scope = {}) {
      const server = await readServer(probe, factServer(scope))
      return server.running && server.inRecovery && server.receiver === 'streaming'
    },
  }),
  ...vipManagerFacts,
]
