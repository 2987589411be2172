import { basename } from 'node:path'
import { formatConninfo } from '../../../cluster/conninfo.ts'
import { major } from '../../../cluster/postgres.ts'
import { withoutPrefix } from '../../../inventory/address.ts'
import { clusterAddress } from '../../../inventory/topology.ts'
import { only } from '../../../lib/only.ts'
import { isolatedUntilMs } from '../../../parts/corosync/timing.ts'
import type { Agent, AgentFile, AgentInput, Operation } from './agent.ts'

const RESOURCE = 'pgsql'
const LIB = '/usr/local/lib/hactl/pgd'

const PROGRAMS = [
  'pacemaker/pgd/main.py',
  'pacemaker/pgd/decide.py',
  'pacemaker/pgd/server.py',
  'pacemaker/pgd/pg.py',
  'pacemaker/pgd/cluster.py',
  'pacemaker/pgd/client.py',
]

const FILES: readonly AgentFile[] = [
  ...PROGRAMS.map((src) => ({ src, path: `${LIB}/${basename(src)}`, mode: '0644' })),
  { src: 'pacemaker/pgd/pgsql.sh', path: '/usr/lib/ocf/resource.d/hactl/pgsql', mode: '0755' },
  {
    src: 'pacemaker/pgd/hactl-pgd.service',
    path: '/etc/systemd/system/hactl-pgd.service',
    mode: '0644',
  },
]

const conninfoOptions = ({ timing }: AgentInput): string =>
  formatConninfo({
    connect_timeout: timing.connectTimeout,
    keepalives_idle: timing.keepalivesIdle,
    keepalives_interval: timing.keepalivesInterval,
    keepalives_count: timing.keepalivesCount,
  })

const operations = ({ timing }: AgentInput): readonly Operation[] => {
  const once = (name: string, timeout: number, onFail?: string): Operation => ({
    name,
    interval: '0s',
    timeout: `${timeout}s`,
    ...(onFail !== undefined && { 'on-fail': onFail }),
  })
  const timeout = `${timing.monitorTimeout}s`
  return [
    once('start', timing.startTimeout, 'restart'),
    { name: 'monitor', interval: `${timing.monitorStandby}s`, timeout, 'on-fail': 'restart' },
    {
      name: 'monitor',
      interval: `${timing.monitorPrimary}s`,
      timeout,
      'on-fail': 'restart',
      role: 'Promoted',
    },
    once('promote', timing.startTimeout, 'restart'),
    // "stop" here would stop PostgreSQL on every member when one demote fails.
    once('demote', timing.stopTimeout, 'block'),
    once('stop', timing.stopTimeout, 'block'),
  ]
}

/** hactl's own agent: a small program for Pacemaker and the service hactl-pgd, which it asks. */
export const pgsql: Agent = {
  name: 'pgsql',
  resource: RESOURCE,
  clone: `${RESOURCE}-clone`,
  type: 'ocf:hactl:pgsql',
  files: FILES,
  config: (input, hosts, own) => {
    const { vars, timing, members, paths } = input
    const others = members.filter((name) => name !== own.name)
    return {
      node: own.name,
      order: others,
      peers: Object.fromEntries(hosts.map((host) => [host.name, clusterAddress(host)])),
      resource: RESOURCE,
      mode: vars.replication.mode,
      version: major(vars.postgres.version),
      port: vars.postgres.port,
      bin_dir: paths.binDir,
      data_dir: paths.dataDir,
      conf_dir: paths.confDir,
      socket_dir: paths.socketDir,
      state_dir: paths.stateDir,
      log_file: paths.logFile,
      passfile: paths.passfile,
      replication_user: vars.replication.user,
      conninfo_options: conninfoOptions(input),
      ...only({ restore_command: vars.replication.restore_command }),
      writer: withoutPrefix(vars.writer_vip.address),
      stop_escalate: timing.stopEscalate,
      start_wait: timing.startTimeout - 30,
      promote_wait: timing.startTimeout - 20,
      // As long as Pacemaker may take to come round to a demotion.
      demote_wait: timing.monitorTimeout,
      hang: timing.monitorTimeout,
      hold: Math.ceil(isolatedUntilMs(timing.tokenMs, 0) / 1000),
      election_wait: timing.dcDeadtime + 10,
      crash_limit: vars.failure.threshold,
    }
  },
  attributes: ({ vars, paths }) => ({
    data_dir: paths.dataDir,
    writer: withoutPrefix(vars.writer_vip.address),
  }),
  operations,
  cloneMeta: ({ members }) => ({
    'promoted-max': '1',
    'promoted-node-max': '1',
    'clone-max': String(members.length),
    'clone-node-max': '1',
    notify: 'false',
  }),
  statusAttribute: `${RESOURCE}-status`,
  dataAttribute: `${RESOURCE}-data-status`,
  lockFile: ({ stateDir }) => `${stateDir}/PGSQL.lock`,
}
