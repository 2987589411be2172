import type { EngineEvent, RunSummary, TaskRef, TaskResult } from '../../../src/engine/events.ts'
import { worst } from '../../../src/engine/impact.ts'

let line = 10

/** A task of the fixtures; `repr` is `module[label]`. */
export const task = (host: string, repr: string, more: Partial<TaskRef> = {}): TaskRef => ({
  id: `${more.play ?? 'Configure PostgreSQL'}/${repr}/${host}`,
  play: 'Configure PostgreSQL',
  name: `${repr} is as wanted`,
  repr,
  module: repr.split('[')[0] ?? repr,
  host,
  handler: false,
  source: { file: 'playbooks/common/postgres.yml', line: 14, col: 9 },
  ...more,
})

/** The result of one task on several hosts. */
export const results = (
  hosts: readonly string[],
  repr: string,
  result: TaskResult | ((host: string) => TaskResult),
  more: Partial<TaskRef> = {},
): EngineEvent[] => {
  line += 3
  const source = { file: 'playbooks/common/postgres.yml', line, col: 9 }
  return hosts.map((host) => ({
    kind: 'task-result',
    task: task(host, repr, { source, ...more }),
    result: typeof result === 'function' ? result(host) : result,
    ms: 40,
  }))
}

/** A run around results, with a summary that fits them. */
export function run(
  mode: 'plan' | 'apply',
  hosts: readonly string[],
  events: readonly EngineEvent[],
  more: Partial<RunSummary> = {},
): EngineEvent[] {
  line = 10
  const found = events.flatMap((event) => (event.kind === 'task-result' ? [event.result] : []))
  const number = (status: TaskResult['status']): number =>
    found.filter((result) => result.status === status).length
  const failed = number('failed')
  const unreachable = number('unreachable')
  const summary: RunSummary = {
    outcome: failed > 0 ? 'failed' : unreachable > 0 ? 'unreachable' : 'done',
    ok: number('ok'),
    changed: number('changed'),
    unknown: number('unknown'),
    skipped: number('skipped'),
    failed,
    unreachable,
    impact: worst(found.flatMap((result) => ('impact' in result ? [result.impact] : []))),
    ms: mode === 'plan' ? 312 : 14_230,
    roundTrips: Object.fromEntries(hosts.map((host) => [host, 2])),
    ...more,
  }
  return [
    {
      kind: 'run-start',
      run: '7f3c1a',
      mode,
      playbook: 'deploy',
      hosts,
      at: '2026-11-20T09:36:00.000Z',
      by: 'anna@laptop',
    },
    ...hosts.map((host): EngineEvent => ({ kind: 'host-connected', host, ms: 81 })),
    { kind: 'play-start', play: 'Configure PostgreSQL', hosts, tasks: 4 },
    ...events,
    { kind: 'run-end', run: '7f3c1a', summary },
  ]
}

export const THREE = ['pg1', 'pg2', 'pg3'] as const

const conf = (workMem: string): string =>
  `# written by hactl\nlisten_addresses = '*'\nport = 5432\nwork_mem = ${workMem}\nwal_level = replica\n`

/** A plan with one of each: settings, list, file, creation, removal, action, unknown. */
export const planEvents = (): EngineEvent[] =>
  run('plan', THREE, [
    ...results(THREE, 'postgres_config[15/main]', (host) => ({
      status: 'changed',
      changes: [
        { field: 'settings.work_mem', from: '4MB', to: '16MB' },
        {
          field: 'settings.max_connections',
          from: 100,
          to: 200,
          impact: host === 'pg1' ? 'restart-primary' : 'restart-standby',
        },
      ],
      impact: host === 'pg1' ? 'restart-primary' : 'restart-standby',
    })),
    ...results(THREE, 'postgres_hba[15/main]', {
      status: 'changed',
      changes: [
        {
          field: 'rules',
          from: ['local all all peer', 'host all all 127.0.0.1/32 scram-sha-256'],
          to: [
            'local all all peer',
            'host app app 10.77.0.0/24 scram-sha-256',
            'host all all 127.0.0.1/32 scram-sha-256',
          ],
        },
      ],
      impact: 'reload',
    }),
    ...results(THREE, 'file[/etc/motd]', { status: 'ok' }),
    ...results(['pg2'], 'hosts_entry[pg3]', {
      status: 'changed',
      changes: [
        { field: 'address', from: undefined, to: '10.77.0.13' },
        { field: 'names', from: undefined, to: ['pg3'] },
      ],
      impact: 'none',
    }),
    ...results(['pg2'], 'template[/etc/hactl.conf]', {
      status: 'changed',
      changes: [{ field: 'content', from: conf('4MB'), to: conf('16MB') }],
      impact: 'none',
    }),
    ...results(['pg2'], 'user[olduser]', {
      status: 'changed',
      changes: [
        { field: 'exists', from: true, to: false },
        { field: 'home', from: '/home/olduser', to: undefined },
      ],
      impact: 'none',
    }),
    ...results(['pg1'], 'pcs_resource[vip-writer]', {
      status: 'changed',
      changes: [{ field: 'op monitor interval', from: '10s', to: '5s' }],
      impact: 'none',
    }),
    ...results(['pg1'], 'postgres_role[app]', {
      status: 'unknown',
      because: 'the server is not running yet',
      impact: 'none',
    }),
    ...results(
      ['pg1'],
      'restart[postgresql]',
      { status: 'changed', changes: [], impact: 'restart-primary' },
      { handler: true, name: 'PostgreSQL is restarted' },
    ),
  ])
