import type { Part } from '../../cluster/part.ts'
import { checkCorosync, corosyncVars } from './check.ts'
import { CODES } from './codes.ts'
import { deriveCorosync } from './derive.ts'
import { COMMANDS, DOCTOR_RULES, evidenceOf, PROCESSES, RUNBOOKS } from './doctor.ts'
import { leads, MANAGERS, PACKAGES, quorumPorts, UNITS } from './drills.ts'
import { bans, blocked, failures, hosts, nodes, paused, quorum, running, strangers } from './health.ts'
import { nodesOf } from './nodes.ts'
import { COUNTS, MONITOR, SILENCE } from './reading.ts'
import { managerTiming } from './timing.ts'
import type { CorosyncView } from './view.ts'

/** Corosync and Pacemaker, whatever they manage. */
export const corosync: Part<CorosyncView> = {
  name: 'corosync',
  commands: () => ({ crm: MONITOR }),
  check: checkCorosync,
  derive: (cluster) =>
    deriveCorosync(cluster, managerTiming(corosyncVars(cluster).timing, nodesOf(cluster).length)),
  rules: [hosts, running, quorum, nodes, strangers, blocked, failures, paused, bans],
  doctor: {
    commands: () => ({ counts: COUNTS, silence: SILENCE }),
    rules: DOCTOR_RULES,
    evidence: evidenceOf,
    catalog: CODES,
    processes: PROCESSES,
    runbooks: RUNBOOKS,
    risks: COMMANDS,
  },
  drills: { managers: MANAGERS, units: UNITS, quorum: quorumPorts, leads, packages: PACKAGES },
}
