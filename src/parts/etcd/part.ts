import type { Part } from '../../cluster/part.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { CODES } from './codes.ts'
import { ETCD_LOG, etcdEvidence } from './doctor.ts'
import { leads, quorumPorts, voters } from './drills.ts'
import { alarms, lostMembers, membership, quorum } from './health.ts'
import type { OfEtcd } from './health.ts'
import { etcdPlaceOf } from './place.ts'
import type { EtcdVars } from './vars.ts'

const varsOf = (cluster: Cluster): EtcdVars => cluster.vars['etcd'] as unknown as EtcdVars
const placeOf = (cluster: Cluster) => etcdPlaceOf(cluster, varsOf(cluster))

/** etcd, whoever keeps something in it. What it keeps is read by the stack, with `memberCommand`. */
export const etcd: Part<OfEtcd> = {
  name: 'etcd',
  rules: [quorum, lostMembers, alarms, membership],
  doctor: {
    commands: (cluster, host) => (placeOf(cluster).hosts.includes(host) ? { etcdLog: ETCD_LOG } : {}),
    evidence: ({ code }, view, file) => (/^(quorum|dcs)\//.test(code) ? etcdEvidence(view.etcd, file) : []),
    catalog: CODES,
    processes: ['etcd'],
    runbooks: {
      'etcd-snapshot': ['safe', 'saves a copy of etcd'],
      'replace-etcd-member': ['interrupts', 'replaces that member of etcd; the others go on'],
    },
  },
  drills: {
    voters,
    quorum: (cluster) => quorumPorts(varsOf(cluster)),
    leads: (cluster) => leads(placeOf(cluster)),
    packages: ['etcd-server'],
  },
}
