import { Type } from '../lib/type.ts'

const text = (description: string) => Type.String({ description })
const whole = (description: string) => Type.Integer({ description })
const flag = (description: string) => Type.Boolean({ description })
const mode = (description: string) => Type.Enum(['async', 'sync', 'strict', 'quorum'], { description })

export const memberSchema = Type.Object({
  name: text('Name of the host in the inventory.'),
  address: text('Address it is reached by.'),
  role: Type.Enum(['primary', 'standby', 'witness', 'unknown'], { description: 'What it is now.' }),
  running: flag('PostgreSQL answers.'),
  reachable: flag('The host answers.'),
  replication: Type.Optional(text('State of its replication, e.g. "sync, streaming"; absent for a primary.')),
  timeline: Type.Optional(whole('Timeline of its WAL.')),
  lagBytes: Type.Optional(Type.Number({ description: 'Bytes behind the WAL of the primary.' })),
  lsn: Type.Optional(text('End of the WAL it has written or received, e.g. 0/3000148.')),
  failures: Type.Optional(whole('Failures counted by the cluster manager.')),
  paused: Type.Optional(text('Why an operator keeps it out of the cluster.')),
  pendingRestart: Type.Optional(flag('A changed setting waits for a restart.')),
})

export const addressSchema = Type.Object({
  name: Type.Enum(['writer', 'reader'], { description: 'Which virtual address.' }),
  address: text('The address.'),
  on: Type.Array(Type.String(), { description: 'Members that carry it; more than one is a fault.' }),
})

export const problemSchema = Type.Object({
  severity: Type.Enum(['critical', 'warning'], { description: 'critical: data or service is in danger.' }),
  code: text('Stable name, area/what.'),
  summary: text('One sentence.'),
  detail: Type.Optional(text('What was seen.')),
  next: Type.Optional(text('The next safe command.')),
  member: Type.Optional(text('The member it is about.')),
})

/** What `hactl status --format json` prints for one cluster. The type ClusterStatus is made of it. */
export const statusSchema = Type.Object({
  cluster: text('Name of the cluster.'),
  stack: text('What makes PostgreSQL highly available.'),
  postgres: Type.Object({ version: Type.Optional(text('Version of the server.')) }),
  replication: Type.Object({
    wanted: mode('What the inventory asks for.'),
    actual: Type.Optional(mode('What is in force now.')),
  }),
  health: Type.Enum(['healthy', 'degraded', 'down'], { description: 'Exit code 0, 1 or 2 of the verb.' }),
  primary: Type.Optional(text('The one primary; absent when there is none, or more than one.')),
  candidate: Type.Optional(text('The standby a switchover would promote.')),
  members: Type.Array(memberSchema, { description: 'Members and witnesses, in the order of the inventory.' }),
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
  guards: Type.Array(Type.String(), { description: 'What keeps two primaries apart.' }),
  problems: Type.Array(problemSchema, { description: 'What is wrong, worst first.' }),
  at: text('Time of the reading, ISO 8601.'),
})
