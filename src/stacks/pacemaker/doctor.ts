import type { CaseFile } from '../../cluster/doctor/case.ts'
import type { Catalog } from '../../cluster/doctor/catalog.ts'
import { entry, OF_FEWER_STANDBYS } from '../../cluster/doctor/codes/entry.ts'
import type { Draft, Evidence } from '../../cluster/doctor/finding.ts'
import type { DoctorSite, RawHost, Rule, StackDoctor } from '../../cluster/doctor/site.ts'
import type { Problem } from '../../cluster/status.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { INFINITY } from '../../modules/pcs/crm-mon.ts'
import { factsOf } from './derive.ts'
import { commandsOf, parseReading } from './readings.ts'
import type { HostReading, Name } from './readings.ts'
import { judge } from './status.ts'
import { isolatedUntilMs, minWalSenderTimeout } from './timing.ts'
import { failureWords, viewOf } from './view.ts'
import type { View } from './view.ts'

const NAMES: readonly Name[] = ['crm', 'sql', 'ip', 'files']

const hasAll = (raw: RawHost): raw is Record<Name, RawHost[string]> => NAMES.every((name) => name in raw)

const readingsOf = (raw: ReadonlyMap<string, RawHost>): ReadonlyMap<string, HostReading> =>
  new Map(
    [...raw].flatMap(([name, answers]) => (hasAll(answers) ? [[name, parseReading(answers)] as const] : [])),
  )

const rawOf = ({ hosts }: CaseFile): ReadonlyMap<string, RawHost> =>
  new Map([...hosts].map(([name, { raw }]) => [name, raw]))

const viewIn = (file: CaseFile): View => viewOf(factsOf(file.cluster), readingsOf(rawOf(file)))

const RUNBOOKS: DoctorSite['runbooks'] = {
  start: ['safe', 'starts what an operator stopped'],
  cleanup: ['safe', 'forgets failures and leftovers of moves, so that Pacemaker tries again'],
  'unstandby-node': ['safe', 'takes the member back into service'],
  'standby-node': ['interrupts', 'takes the member out of service; its PostgreSQL stops'],
  'repair-standby': ['interrupts', 'works on that member alone; refuses to discard commits'],
  'rebuild-standby': ['interrupts', 'copies that member anew; its old data is set aside, not deleted'],
  switchover: ['interrupts', 'a second or two without writes'],
  stop: ['interrupts', 'stops PostgreSQL everywhere'],
}

const COMMANDS: DoctorSite['runbooks'] = {
  'pcs property set maintenance-mode=false': ['interrupts', 'on a member: Pacemaker acts again at once'],
  'pcs node unmaintenance': ['interrupts', 'on a member: Pacemaker acts on that one again'],
}

function site(cluster: Cluster): DoctorSite {
  const { vars, hosts, timing, paths } = factsOf(cluster)
  return {
    members: hosts.map(({ name, connection }) => ({ name, address: connection.address })),
    port: vars.postgres.port,
    dataDir: paths.dataDir,
    binDir: paths.binDir,
    socketDir: paths.socketDir,
    replicationUser: vars.replication.user,
    passfile: paths.passfile,
    logFiles: [paths.logFile],
    logUnits: [],
    processes: ['postgres', 'pacemaker', 'corosync'],
    units: ['corosync', 'pacemaker', 'pcsd'],
    certificates: [{ path: '/etc/ssl/certs/ssl-cert-snakeoil.pem', what: "PostgreSQL's certificate" }],
    isSyncWanted: vars.replication.mode !== 'async',
    walSenderTimeout: {
      least: minWalSenderTimeout(timing.tokenMs, timing.stopEscalate),
      why: `an isolated primary lives up to ${isolatedUntilMs(timing.tokenMs, timing.stopEscalate) / 1000} s and must not give up its standby before`,
    },
    runbooks: RUNBOOKS,
    commands: COMMANDS,
  }
}

/** Members where Pacemaker has stopped trying. */
const givenUp: Rule = (file) => {
  const { members, crm, facts } = viewIn(file)
  const limit = facts.vars.failure.threshold
  return members.flatMap(({ name, failures, failure }): readonly Draft[] => {
    const counts = Object.entries(crm?.failCounts[name] ?? {}).filter(([, count]) => count >= limit)
    if (counts.length === 0) return []
    const [task, reason] = failure ? failureWords(failure) : []
    const last = task === undefined ? '' : ` Last: ${task}, ${reason}.`
    return [
      {
        severity: 'warning',
        code: 'failures/given-up',
        summary: `Pacemaker has given up ${counts.map(([id]) => id).join(', ')} on ${name}: the fail count reached its limit.${last}`,
        member: name,
        evidence: counts.map(([id, count]) => ({
          host: name,
          source: 'crm_mon --failcounts',
          saw: `${id}: ${count >= INFINITY ? 'INFINITY' : count}, given up from ${limit} on (${failures} in all)`,
        })),
        next: [file.say.run('cleanup')],
      },
    ]
  })
}

/** Two members vote one to one: a cut leaves no majority, and only a guard tells them apart. */
const guard: Rule = ({ cluster, site: { members } }) => {
  const { vars } = factsOf(cluster)
  if (members.length !== 2 || vars.guard?.none === undefined) return []
  const summary =
    'Two members and no guard: after a cut both can become primary, and one side loses its commits.'
  const evidence: readonly Evidence[] = [{ source: 'inventory', saw: `guard.none: "${vars.guard.none}"` }]
  return [
    {
      severity: 'note',
      code: 'guard/none',
      summary,
      evidence,
      detail: 'The inventory accepts this. A third member ends it.',
    },
  ]
}

const AREAS = /^(failures|node|cluster|quorum|constraint|resource|primary|vip)\//

/** What Pacemaker itself says of it. */
function evidence({ code, member }: Problem, file: CaseFile): readonly Evidence[] {
  const { crm } = viewIn(file)
  if (!crm || !AREAS.test(code)) return []
  const said = (saw: string): Evidence => ({ source: 'crm_mon', saw })
  const online = crm.nodes.map(({ name, online: isOnline, standby, maintenance }) =>
    [name, isOnline ? 'online' : 'offline', standby && 'standby', maintenance && 'maintenance']
      .filter(Boolean)
      .join(' '),
  )
  const nodes = said(`${crm.quorum ? 'quorum' : 'no quorum'}; ${online.join(', ')}`)
  const failed = crm.failures
    .filter(({ node }) => member === undefined || node === member)
    .slice(-3)
    .map(({ operation, node, reason, status }) => said(`${operation} on ${node}: ${reason || status}`))
  switch (code.split('/')[0]) {
    case 'failures':
    case 'resource':
      return failed
    case 'constraint':
      return crm.bans.map(({ id, resource, node }) => said(`${id}: ${resource} away from ${node}`))
    case 'vip':
      return crm.resources
        .filter(({ id }) => id.startsWith('vip'))
        .map(({ id, role, nodes: on }) => said(`${id}: ${role} on ${on.join(', ') || 'no node'}`))
    default:
      return [nodes, ...(crm.maintenance ? [said('maintenance-mode=true')] : [])]
  }
}

const catalog: Catalog = [
  entry(
    'standby/lock-left',
    31,
    'A former primary did not stop cleanly; the lock file of the agent keeps it out until its data has been compared.',
    '`repair-standby`',
    {
      same: ['standby/*', 'failures/*'],
      any: OF_FEWER_STANDBYS,
    },
  ),
  entry(
    'failures/given-up',
    40,
    'Pacemaker has given PostgreSQL up on a member: the fail count reached its limit.',
    '`cleanup` once the cause is gone.',
    {
      same: ['failures/counted', 'standby/stopped', 'standby/refused'],
      any: OF_FEWER_STANDBYS,
    },
  ),
  entry(
    'failures/counted',
    68,
    'Failures were counted on a member; they are forgotten after a while.',
    '`cleanup` forgets them.',
  ),
  entry(
    'constraint/leftover',
    37,
    'A ban or preference that a move left keeps a resource away from a member.',
    '`cleanup` removes it.',
    {
      same: ['standby/*', 'failures/*'],
      any: ['vip/*', 'primary/none', 'sync/degraded'],
    },
  ),
  entry(
    'node/unclean',
    29,
    'The cluster does not know what a member does, and nobody fenced it.',
    'See to it that it is off, or bring it back.',
  ),
  entry('node/offline', 58, 'A member is not in the cluster.', '`start`, or mend its network.', {
    same: ['standby/*'],
    any: OF_FEWER_STANDBYS,
  }),
  entry(
    'resource/blocked',
    38,
    'A stop or demote failed: Pacemaker leaves the resource alone until somebody looks.',
    'See why, then `cleanup`.',
  ),
]

/** What the doctor needs to know of Corosync and Pacemaker. */
export const doctor: StackDoctor = {
  site,
  hosts: (cluster) => factsOf(cluster).members,
  commands: (cluster) => commandsOf(factsOf(cluster)),
  judge: (cluster, raw, at) => judge(cluster, readingsOf(raw), at),
  leader: (_, raw, cluster) => {
    const { crm, facts } = viewOf(factsOf(cluster), readingsOf(raw))
    const promoted = crm?.resources.find(({ id, role }) => id === facts.agent.resource && role === 'Promoted')
    return promoted?.nodes[0]
  },
  rules: [givenUp, guard],
  evidence,
  catalog,
}
