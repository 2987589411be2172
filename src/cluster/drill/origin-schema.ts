import { Type } from '../../lib/type.ts'

const text = (description: string) => Type.String({ description })
const whole = (description: string) => Type.Integer({ description })
const texts = (description: string) => Type.Array(Type.String(), { description })
const map = (description: string) => Type.Map(Type.String(), { description })

const machine = {
  system: text('Name and version of the operating system.'),
  kernel: text('Version of the kernel.'),
  cpus: whole('Processors.'),
  memoryMb: whole('Memory in MiB.'),
}

/** What a drill's numbers depend on. The type Origin is made of it. */
export const originSchema = {
  drill: text('Id, as hactl history names it.'),
  at: text('Beginning, ISO 8601.'),
  by: text('Who ran it.'),
  cluster: text('Name of the cluster.'),
  stack: text('What makes PostgreSQL highly available.'),
  mode: Type.Enum(['async', 'sync', 'strict', 'quorum'], { description: 'Replication of the inventory.' }),
  lab: Type.Optional(text('The lab and its driver; absent on other hosts.')),
  versions: Type.Object({
    hactl: text('Version of hactl.'),
    node: text('Version of Node.js.'),
    postgres: Type.Optional(text('Version of PostgreSQL.')),
  }),
  clients: Type.Object(
    {
      target: texts('Where writers connect.'),
      readers: texts('Where readers connect.'),
      rate: whole('Writes a second.'),
      connections: whole('Connections that write.'),
      connectTimeoutMs: whole('Patience for a connection.'),
      answerTimeoutMs: whole('Patience for an answer.'),
    },
    { description: 'The clients.' },
  ),
  addresses: Type.Object(
    {
      writer: Type.Optional(text('Leads to the primary.')),
      reader: Type.Optional(text('Leads to a standby.')),
    },
    { description: 'The virtual addresses there are.' },
  ),
  environment: Type.Object(
    {
      machine: Type.Object(machine, {
        description: 'Where hactl and the clients ran, and in a lab all hosts.',
      }),
      hosts: Type.Map(Type.Object({ ...machine, packages: map('Versions of the packages that matter.') }), {
        description: 'The members, by name.',
      }),
    },
    { description: 'What it ran on.' },
  ),
  settings: Type.Object(
    {
      cluster: map('Of the variable cluster of the inventory, and computed from it.'),
      postgres: map('Of PostgreSQL, as the primary had them.'),
    },
    { description: 'Settings that outages and losses depend on.' },
  ),
  command: texts('The words of the whole call.'),
  again: texts('What follows "hactl drill SCENARIO" to make one run again.'),
  seed: Type.Optional(whole('Seed of the random order.')),
}
