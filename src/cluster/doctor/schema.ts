import { Type } from '../../lib/type.ts'

const text = (description: string) => Type.String({ description })
const names = (description: string) => Type.Array(Type.String(), { description })
const severity = Type.Enum(['critical', 'warning', 'note'], {
  description:
    'critical: data or service is in danger; warning: it works, but not as it should; note: good to know.',
})

const evidence = Type.Object({
  host: Type.Optional(text('Where it was read; absent: of the cluster as a whole.')),
  source: text('A command, file or view, e.g. pg_stat_replication.'),
  saw: text('What it said.'),
})

const next = Type.Object({
  command: text('What to type.'),
  risk: Type.Enum(['safe', 'interrupts', 'can-lose-data'], {
    description: 'What it can do to service and data.',
  }),
  about: text('What it does, or spares.'),
})

const common = {
  severity,
  code: text('Stable name, area/what; docs/doctor/codes.md lists them.'),
  summary: text('One sentence.'),
  detail: Type.Optional(text('More about it.')),
  member: Type.Optional(text('The member it is about.')),
  evidence: Type.Array(evidence, { description: 'What was read.' }),
  atRisk: Type.Optional(names('Commits, rows or bytes that only one side has.')),
  next: Type.Array(next, { description: 'Commands, the first one first.' }),
}

const consequence = Type.Object({
  ...common,
  consequences: Type.Array(Type.Unknown(), { description: 'Always empty: consequences are one level deep.' }),
})

const finding = Type.Object({
  ...common,
  consequences: Type.Array(consequence, { description: 'Findings that pass when this one is mended.' }),
})

/** What `hactl doctor --format json` prints for one cluster; the same shape as Diagnosis. */
export const doctorSchema = Type.Object({
  cluster: text('Name of the cluster.'),
  stack: text('What makes PostgreSQL highly available.'),
  verdict: Type.Enum(['well', 'warnings', 'broken'], { description: 'Exit code 0, 1 or 2 of the verb.' }),
  hosts: Type.Object({ read: names('Hosts that were read.'), unread: names('Hosts that could not be.') }),
  findings: Type.Array(finding, { description: 'Root causes, the most important first.' }),
  at: text('Time of the reading, ISO 8601.'),
})
