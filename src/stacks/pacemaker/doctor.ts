import { answersOf, type CaseFile } from '../../cluster/doctor/case.ts'
import type { DoctorSite, RawHost, Rule, StackDoctor } from '../../cluster/doctor/site.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import * as manager from '../../parts/corosync/doctor.ts'
import { COUNTS, SILENCE } from '../../parts/corosync/reading.ts'
import { isolatedUntilMs } from '../../parts/corosync/timing.ts'
import { promotedOf } from '../../parts/corosync/view.ts'
import { factsOf } from './derive.ts'
import type { Facts } from './derive.ts'
import { catalog } from './doctor-codes.ts'
import { commandsOn, parseReading } from './readings.ts'
import type { Answers, HostReading } from './readings.ts'
import { judge } from './status.ts'
import { minWalSenderTimeout } from './timing.ts'
import { viewOf } from './view.ts'
import type { View } from './view.ts'

const readingsOf = (facts: Facts, raw: ReadonlyMap<string, RawHost>): ReadonlyMap<string, HostReading> => {
  const hasAll = (name: string, answers: RawHost): answers is RawHost & Answers =>
    Object.keys(commandsOn(facts, name)).every((command) => command in answers)
  return new Map(
    [...raw].flatMap(([name, answers]) =>
      hasAll(name, answers) ? [[name, parseReading(answers)] as const] : [],
    ),
  )
}

const viewIn = ({ cluster, hosts }: CaseFile): View => {
  const facts = factsOf(cluster)
  return viewOf(facts, readingsOf(facts, answersOf({ hosts })))
}

const RUNBOOKS: DoctorSite['runbooks'] = {
  ...manager.RUNBOOKS,
  'repair-standby': ['interrupts', 'works on that member alone; refuses to discard commits'],
  'rebuild-standby': ['interrupts', 'copies that member anew; its old data is set aside, not deleted'],
  switchover: ['interrupts', 'a second or two without writes'],
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
    processes: ['postgres', ...manager.PROCESSES],
    certificates: [{ path: '/etc/ssl/certs/ssl-cert-snakeoil.pem', what: "PostgreSQL's certificate" }],
    isSyncWanted: vars.replication.mode !== 'async',
    walSenderTimeout: {
      least: minWalSenderTimeout(timing.tokenMs, timing.stopEscalate),
      why: `an isolated primary lives up to ${isolatedUntilMs(timing.tokenMs, timing.stopEscalate) / 1000} s and must not give up its standby before`,
    },
    runbooks: RUNBOOKS,
    commands: manager.COMMANDS,
  }
}

/**
 * Nobody may be promoted, and the last primary, which has every commit, is kept out by its own lock file: no standby
 * confirmed commits when it died. Only when every member was read is it certain that no other went on.
 */
const lockedOut: Rule = (file) => {
  const { members, primaries, facts } = viewIn(file)
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

/** The manager's own rules, on the view of this stack. */
const managerRules: readonly Rule[] = manager.DOCTOR_RULES.map((rule) => (file) => rule(file, viewIn(file)))

/** What the doctor needs to know of Corosync and Pacemaker. */
export const doctor: StackDoctor = {
  site,
  hosts: (cluster) => factsOf(cluster).nodes.map(({ name }) => name),
  commands: (cluster, host) => ({ ...commandsOn(factsOf(cluster), host), counts: COUNTS, silence: SILENCE }),
  judge: (cluster, raw, at) => judge(cluster, readingsOf(factsOf(cluster), raw), at),
  leader: (_, raw, cluster) => {
    const facts = factsOf(cluster)
    return promotedOf(viewOf(facts, readingsOf(facts, raw)))
  },
  rules: [...managerRules, lockedOut],
  evidence: (problem, file) => manager.evidenceOf(problem, viewIn(file)),
  catalog,
}
