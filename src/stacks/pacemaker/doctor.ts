import { clusterAddress } from '../../inventory/topology.ts'
import type { DoctorSite } from '../../cluster/doctor/site.ts'
import type { DoctorRule } from '../../cluster/part.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { isolatedUntilMs } from '../../parts/corosync/timing.ts'
import { promotedOf } from '../../parts/corosync/view.ts'
import { factsOf } from './derive.ts'
import { catalog } from './doctor-codes.ts'
import { minWalSenderTimeout } from './timing.ts'
import type { View } from './view.ts'

const RUNBOOKS: DoctorSite['runbooks'] = {
  'repair-standby': ['interrupts', 'works on that member alone; refuses to discard commits'],
  'rebuild-standby': ['interrupts', 'copies that member anew; its old data is set aside, not deleted'],
  switchover: ['interrupts', 'a second or two without writes'],
}

function site(cluster: Cluster): Partial<DoctorSite> {
  const { vars, hosts, timing, paths } = factsOf(cluster)
  return {
    members: hosts.map((host) => ({ name: host.name, address: clusterAddress(host) })),
    port: vars.postgres.port,
    dataDir: paths.dataDir,
    binDir: paths.binDir,
    socketDir: paths.socketDir,
    replicationUser: vars.replication.user,
    passfile: paths.passfile,
    logFiles: [paths.logFile],
    logUnits: [],
    certificates: [{ path: '/etc/ssl/certs/ssl-cert-snakeoil.pem', what: "PostgreSQL's certificate" }],
    isSyncWanted: vars.replication.mode !== 'async',
    walSenderTimeout: {
      least: minWalSenderTimeout(timing.tokenMs, timing.stopEscalate),
      why: `an isolated primary lives up to ${isolatedUntilMs(timing.tokenMs, timing.stopEscalate) / 1000} s and must not give up its standby before`,
    },
  }
}

/**
 * Nobody may be promoted, and the last primary, which has every commit, is kept out by its own lock file: no standby
 * confirmed commits when it died. Only when every member was read is it certain that no other went on.
 */
const lockedOut: DoctorRule<View> = (file, { members, primaries, facts }) => {
  if (primaries.length > 0 || members.some(({ reading }) => !reading)) return []
  const last = members.filter(
    ({ reading, attribute }) => reading?.lock && attribute(facts.agent.dataAttribute) === 'LATEST',
  )
  const [only] = last
  if (!only || last.length > 1) return []
  const lock = facts.agent.lockFile(facts.paths)
  return [
    {
      severity: 'critical',
      code: 'primary/locked-out',
      summary: `${only.name} was primary, has every commit, and is kept out by its lock file; no other may be promoted.`,
      detail: `No standby confirmed commits when it died. Nobody was promoted since, so ${only.name} can go on with its data.`,
      member: only.name,
      evidence: [
        { host: only.name, source: lock, saw: 'exists' },
        ...members.map(({ name, attribute }) => ({
          host: name,
          source: 'crm_mon --show-node-attributes',
          saw: `${facts.agent.dataAttribute} ${attribute(facts.agent.dataAttribute) ?? 'unset'}`,
        })),
      ],
      next: [file.say.exec(only.name, `rm ${lock}`), file.say.run('cleanup')],
    },
  ]
}

/** What this stack tells the doctor beside its parts. */
export const doctor = {
  site,
  leader: promotedOf,
  processes: ['postgres'],
  runbooks: RUNBOOKS,
  rules: [lockedOut],
  catalog,
}
