import { clusterAddress } from '../../inventory/topology.ts'
import type { CaseFile } from '../../cluster/doctor/case.ts'
import type { Evidence } from '../../cluster/doctor/finding.ts'
import type { DoctorSite } from '../../cluster/doctor/site.ts'
import type { DoctorRule } from '../../cluster/part.ts'
import type { Problem } from '../../cluster/status.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { etcdEvidence } from '../../parts/etcd/doctor.ts'
import { TLS } from '../../parts/etcd/reading.ts'
import { factsOf } from './derive.ts'
import { catalog } from './doctor-codes.ts'
import { prefixOf } from './readings.ts'
import { timingOf, timingRules } from './timing.ts'
import { stateOf } from './view.ts'
import type { View } from './view.ts'

const RUNBOOKS: DoctorSite['runbooks'] = {
  start: ['safe', 'starts what is stopped; asks before commits could be discarded'],
  resume: ['safe', 'ends maintenance mode'],
  'cancel-switchover': ['safe', 'takes the planned switchover back'],
  reload: ['safe', 'reads the configuration again'],
  pause: ['interrupts', 'from then on no failure is repaired'],
  restart: ['interrupts', 'restarts PostgreSQL where settings wait for it'],
  'repair-standby': ['interrupts', 'works on that member alone; refuses to discard commits'],
  'rebuild-standby': ['interrupts', 'copies that member anew; its old data is set aside, not deleted'],
  switchover: ['interrupts', 'a second or two without writes'],
  'minor-upgrade': ['interrupts', 'restarts member by member, with a switchover'],
  failover: [
    'can-lose-data',
    'promotes though the last primary may have more; says what would be lost and refuses first',
  ],
}

function site(cluster: Cluster): Partial<DoctorSite> {
  const { vars, hosts, paths, timing } = factsOf(cluster)
  const isTls = vars.etcd.tls || vars.patroni.rest.tls
  return {
    members: hosts.map((host) => ({ name: host.name, address: clusterAddress(host) })),
    port: vars.postgres.port,
    dataDir: paths.dataDir,
    binDir: paths.binDir,
    socketDir: paths.socketDir,
    replicationUser: vars.replication.user,
    passfile: paths.passfile,
    logFiles: [],
    logUnits: ['patroni'],
    certificates: isTls
      ? [{ path: TLS.cert, ca: TLS.ca, what: 'The certificate of Patroni and etcd', vital: true }]
      : [],
    isSyncWanted: vars.replication.mode !== 'async',
    walSenderTimeout: {
      least: timing.loopWait,
      why: 'a standby that is only slow must outlast a round of Patroni',
    },
  }
}

/** The times in force, which somebody may have changed in the lock service. */
const lease: DoctorRule<View> = ({ say }, { dcs, facts }) => {
  if (!dcs?.config) return []
  const broken = timingRules(timingOf(facts.vars.timing, dcs.config)).filter(({ holds }) => !holds)
  return broken.map(({ name, why }) => ({
    severity: 'warning' as const,
    code: 'settings/lease-timing',
    summary: `The times of the lease do not fit: ${name} does not hold.`,
    detail: why,
    evidence: [
      {
        source: `${prefixOf(facts)}config in etcd`,
        saw: ['ttl', 'loop_wait', 'retry_timeout']
          .map((key) => `${key} ${String(dcs.config?.[key])}`)
          .join(', '),
      },
    ],
    next: [say.apply()],
  }))
}

const leaseEvidence = ({ dcs, facts }: View): readonly Evidence[] => [
  {
    source: `${prefixOf(facts)}leader in etcd`,
    saw: dcs
      ? `${dcs.leader ?? 'nobody'}${dcs.current ? '' : ' (read without a majority, may be void)'}`
      : 'cannot be read',
  },
]

const managerEvidence = (view: View, member: string | undefined): readonly Evidence[] =>
  view.members
    .filter(({ name, reading }) => reading && (member === undefined || name === member))
    .map((each) => {
      const rest = each.reading?.rest ? `answers, state ${stateOf(each)}` : 'does not answer'
      return {
        host: each.name,
        source: 'Patroni /patroni, systemctl',
        saw: `${rest}; service ${each.reading?.patroni ?? ''}`,
      }
    })

/** What Patroni itself says of it. */
function evidence({ code, member }: Problem, view: View, file: CaseFile): readonly Evidence[] {
  switch (code.split('/')[0]) {
    case 'failsafe':
      return etcdEvidence(view.etcd, file)
    case 'primary':
      return [...leaseEvidence(view), ...managerEvidence(view, undefined)]
    case 'cluster':
      return [
        { source: 'pause in the configuration', saw: String(view.paused) },
        ...managerEvidence(view, member),
      ]
    case 'member':
    case 'standby':
    case 'freeze':
      return managerEvidence(view, member)
    default:
      return []
  }
}

/** What this stack tells the doctor beside its parts. */
export const doctor = {
  site,
  leader: ({ dcs }: View) => (dcs?.current ? dcs.leader : undefined),
  processes: ['postgres', 'patroni', 'haproxy', 'keepalived', 'vip-manager'],
  runbooks: RUNBOOKS,
  rules: [lease],
  evidence,
  catalog,
}
