import { critical, warning } from '../../../src/cluster/problem.ts'
import type { Part } from '../../../src/cluster/part.ts'
import type { Rule } from '../../../src/cluster/say.ts'
import type { RawHost } from '../../../src/cluster/doctor/site.ts'
import type { Cluster, Host } from '../../../src/inventory/inventory.ts'
import { members, serving } from '../../../src/inventory/topology.ts'
import { Type } from '../../../src/lib/type.ts'
import { defineStack } from '../../../src/stacks/define.ts'

/** A stack as small as one can be: a program serves files on every member, a host that is no member watches them. */

const vars = Type.Object({
  name: Type.String({ description: 'Name of the cluster.' }),
  stack: Type.Literal('sketch', { description: 'Files over HTTP.' }),
  text: Type.String({ description: 'What is served.', default: 'hello' }),
})

interface Server {
  readonly host: Host
  readonly reachable: boolean
  readonly serves: boolean
  /** What it serves. */
  readonly text: string
}

interface Served {
  readonly servers: readonly Server[]
  readonly watchers: readonly {
    readonly host: Host
    readonly reachable: boolean
    readonly knows: readonly string[]
  }[]
}

const portOf = ({ vars: { port } }: Host): string => (typeof port === 'string' ? port : '')

/** A process that has ended and that nobody has waited for can still be signalled; its state tells. */
const LOOK =
  'read -r pid </run/sketch.pid && grep -q "^State:.[^ZX]" "/proc/$pid/status" && cat /srv/files/index.txt'

const down: Rule<Served> = ({ view, apply }) =>
  view.servers
    .filter(({ serves }) => !serves)
    .map(({ host: { name }, reachable }) =>
      reachable
        ? critical('files/down', `Nothing serves files on ${name}.`, { member: name, next: apply() })
        : warning('host/unreachable', `${name} cannot be reached.`, { member: name }),
    )

const blind: Rule<Served> = ({ view, apply }) =>
  view.watchers
    .filter(({ knows }) => knows.length < view.servers.length)
    .map(({ host: { name } }) =>
      warning('watch/blind', `${name} does not watch every server.`, { member: name, next: apply() }),
    )

/** The one part of it: a server of files. */
const files: Part<Served> = {
  name: 'files',
  commands: (cluster, host) =>
    members(cluster).some(({ name }) => name === host)
      ? { served: { argv: ['sh', '-c', LOOK], timeoutMs: 5000 } }
      : { watched: { argv: ['cat', '/srv/watched'], timeoutMs: 5000 } },
  derive: (cluster) => ({
    watchers: serving(cluster, 'watch').map(({ name }) => name),
    watched: members(cluster)
      .map((host) => `${host.name} ${portOf(host)}\n`)
      .join(''),
  }),
  rules: [down, blind],
  doctor: {
    processes: ['python3'],
    commands: () => ({ listeners: { argv: ['cat', '/run/sketch.pid'], timeoutMs: 5000 } }),
    evidence: ({ member }, _, file) => {
      const pid = file.hosts.get(member ?? '')?.raw['listeners']?.stdout.trim()
      return pid ? [{ host: member ?? '', source: '/run/sketch.pid', saw: `${pid}, which does not run` }] : []
    },
    catalog: [
      { code: 'files/down', about: 'A server does not run.', cure: '`hactl apply`', rank: 1 },
      { code: 'watch/blind', about: 'A watcher does not know all servers.', cure: '`hactl apply`', rank: 2 },
    ],
  },
}

function view(cluster: Cluster, raw: ReadonlyMap<string, RawHost>): Served {
  return {
    servers: members(cluster).map((host) => {
      const said = raw.get(host.name)?.['served']
      return {
        host,
        reachable: said !== undefined,
        serves: said?.code === 0,
        text: said?.stdout.trim() ?? '',
      }
    }),
    watchers: serving(cluster, 'watch').map((host) => {
      const said = raw.get(host.name)?.['watched']
      const knows = said?.code === 0 ? said.stdout.trim().split('\n') : []
      return { host, reachable: said !== undefined, knows }
    }),
  }
}

export const sketch = defineStack<Served>({
  name: 'sketch',
  about: 'Two servers of files, and a host that watches them.',
  vars,
  groups: { members: ['files'], serving: ['watch'] },
  parts: [files],
  view,
  health: ({ servers }, problems) =>
    servers.every(({ serves }) => !serves) ? 'down' : problems.length > 0 ? 'degraded' : 'healthy',
  report: ({ servers, watchers }) => ({
    hosts: [
      ...servers.map(({ host, reachable }) => ({ host, reachable, roles: ['member'] })),
      ...watchers.map(({ host, reachable }) => ({ host, reachable, roles: ['watch'] })),
    ].map(({ host, reachable, roles }) => ({
      name: host.name,
      address: host.connection.address,
      reachable,
      roles,
    })),
    services: servers.map(({ host, serves }) => ({
      kind: 'files',
      host: host.name,
      state: serves ? ('running' as const) : ('stopped' as const),
    })),
    addresses: [],
    guards: [],
  }),
  init: () => new Map(),
})
