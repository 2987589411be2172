import { Type } from '../lib/type.ts'

const text = (description: string) => Type.String({ description })
const whole = (description: string) => Type.Integer({ description })
const flag = (description: string) => Type.Boolean({ description })
const mode = (description: string) => Type.Enum(['async', 'sync', 'strict', 'quorum'], { description })
const hosts = (description: string) => Type.Array(Type.String(), { description })

export const failureSchema = Type.Object({
  what: text('What failed, as the cluster manager calls it.'),
  count: whole('Failures counted there since they were last forgotten.'),
  givenUp: flag('It is not tried there again before they are forgotten.'),
})

export const hostSchema = Type.Object({
  name: text('Name of the host in the inventory.'),
  address: text('Address it is reached by.'),
  reachable: flag('The host answers.'),
  roles: Type.Array(Type.String(), { description: 'What it is there for: member, witness, etcd, proxy ….' }),
  paused: Type.Optional(text('Why an operator keeps it out of the cluster.')),
  failures: Type.Optional(
    Type.Array(failureSchema, { description: 'Failures on it; absent: nobody counts, or it is not known.' }),
  ),
})

/** A standby's connection to the server it follows, in the words of pg_stat_replication. */
const replication = Type.Object(
  {
    sync: Type.Enum(['async', 'potential', 'sync', 'quorum'], { description: 'What its answer counts for.' }),
    state: Type.Enum(['startup', 'catchup', 'streaming', 'backup', 'stopping'], {
      description: 'What is sent to it.',
    }),
  },
  { description: 'Its connection to the server that it follows; absent when there is none.' },
)

export const serviceSchema = Type.Object({
  kind: text('What it is, as it calls itself: PostgreSQL ….'),
  host: text('The host it is on.'),
  state: Type.Enum(['running', 'stopped', 'unknown'], { description: 'Whether it answers.' }),
  role: Type.Optional(
    Type.Enum(['primary', 'standby', 'unknown'], { description: 'What it is now; absent: it has no roles.' }),
  ),
  version: Type.Optional(text('Its version.')),
  replication: Type.Optional(replication),
  condition: Type.Optional(text('Why it does not follow: not connected, stopped, no data ….')),
  timeline: Type.Optional(whole('Timeline of its WAL.')),
  lagBytes: Type.Optional(Type.Number({ description: 'Bytes behind the WAL of the primary.' })),
  lsn: Type.Optional(text('End of the WAL it has written or received, e.g. 0/3000148.')),
  pendingRestart: Type.Optional(flag('A changed setting waits for a restart.')),
})

export const addressSchema = Type.Object({
  name: text('Which virtual address: writer, reader ….'),
  address: Type.String({ description: 'The address, without the length of a prefix.', pattern: '^[^/]+$' }),
  on: hosts('Hosts that carry it; more than one is a fault.'),
})

export const problemSchema = Type.Object({
  severity: Type.Enum(['critical', 'warning'], { description: 'critical: data or service is in danger.' }),
  code: text('Stable name, area/what.'),
  summary: text('One sentence.'),
  detail: Type.Optional(text('What was seen.')),
  next: Type.Optional(text('The next safe command.')),
  member: Type.Optional(text('The host it is about.')),
})

/** What `hactl status --format json` prints for one cluster. The type ClusterStatus is made of it. */
export const statusSchema = Type.Object({
  cluster: text('Name of the cluster.'),
  stack: text('What makes it highly available.'),
  replication: Type.Optional(
    Type.Object({
      wanted: mode('What the inventory asks for.'),
      actual: Type.Optional(mode('What is in force now.')),
    }),
  ),
  health: Type.Enum(['healthy', 'degraded', 'down'], { description: 'Exit code 0, 1 or 2 of the verb.' }),
  primary: Type.Optional(text('Host of the one primary; absent when there is none, or more than one.')),
  candidate: Type.Optional(text('Host of the standby a switchover would promote when none is named.')),
  hosts: Type.Array(hostSchema, { description: 'Every host of the cluster, in the order of the inventory.' }),
  services: Type.Array(serviceSchema, { description: 'What runs, or should, by host.' }),
  addresses: Type.Array(addressSchema, { description: 'Virtual addresses.' }),
  clients: Type.Optional(
    Type.Array(Type.String(), {
      description: "How clients reach the primary: connection strings without passwords, libpq's first.",
    }),
  ),
  quorum: Type.Optional(
    Type.Object({
      have: whole('Votes that are there.'),
      of: whole('Votes there could be.'),
      ok: flag('Enough to act.'),
    }),
  ),
  guards: Type.Array(Type.String(), { description: 'What keeps two primaries apart, one sentence each.' }),
  problems: Type.Array(problemSchema, { description: 'What is wrong, worst first.' }),
  at: text('Time of the reading, ISO 8601.'),
})
