import { formatConninfo } from '../../../cluster/conninfo.ts'
import type { Agent, AgentInput, Operation } from './agent.ts'
import { withoutPrefix } from '../../../inventory/address.ts'

const RESOURCE = 'pgsql'

const conninfoOptions = ({ vars, timing, paths }: AgentInput): string =>
  formatConninfo({
    // libpq of 9.6 does not know the parameter; it finds the file at its usual place.
    passfile: vars.postgres.version === 96 ? undefined : paths.passfile,
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
    once('notify', timing.stopTimeout),
  ]
}

/**
 * The distribution's agent behind a small wrapper (provider hactl) that cures its defects without touching
 * the packaged file, so that package upgrades are followed.
 */
export const pgsql: Agent = {
  name: 'pgsql',
  resource: RESOURCE,
  clone: `${RESOURCE}-clone`,
  type: 'ocf:hactl:pgsql',
  files: [
    {
      src: 'pacemaker/agent/ocf-shellfuncs.hbs',
      path: '/usr/lib/ocf/lib/hactl/ocf-shellfuncs',
      mode: '0644',
    },
    { src: 'pacemaker/agent/psql.hbs', path: '/usr/lib/ocf/lib/hactl/psql', mode: '0755' },
    { src: 'pacemaker/agent/pgsql.hbs', path: '/usr/lib/ocf/resource.d/hactl/pgsql', mode: '0755' },
  ],
  attributes: (input) => {
    const { vars, timing, members, paths } = input
    return {
      pgctl: `${paths.binDir}/pg_ctl`,
      psql: `${paths.binDir}/psql`,
      pgdata: paths.dataDir,
      config: `${paths.confDir}/postgresql.conf`,
      pgport: String(vars.postgres.port),
      socketdir: paths.socketDir,
      tmpdir: paths.stateDir,
      logfile: paths.logFile,
      rep_mode: vars.replication.mode,
      node_list: members.join(' '),
      master_ip: withoutPrefix(vars.writer_vip.address),
      repuser: vars.replication.user,
      primary_conninfo_opt: conninfoOptions(input),
      ...(vars.replication.restore_command !== undefined && {
        restore_command: vars.replication.restore_command,
      }),
      check_wal_receiver: 'false',
      stop_escalate: String(timing.stopEscalate),
      stop_escalate_in_slave: String(timing.stopEscalate),
      xlog_check_count: String(timing.electionChecks),
    }
  },
  operations,
  cloneMeta: ({ members }) => ({
    'promoted-max': '1',
    'promoted-node-max': '1',
    'clone-max': String(members.length),
    'clone-node-max': '1',
    notify: 'true',
  }),
  statusAttribute: `${RESOURCE}-status`,
  dataAttribute: `${RESOURCE}-data-status`,
  lockFile: ({ stateDir }) => `${stateDir}/PGSQL.lock`,
}
