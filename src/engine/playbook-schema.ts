import { DURATION_PATTERN } from '../lib/duration.ts'
import { Type } from '../lib/type.ts'

const text = (description: string) => Type.String({ description, minLength: 1 })
const names = (description: string) =>
  Type.Unsafe<string | readonly string[]>({
    description,
    anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
  })
const anything = (description: string) => Type.Unknown({ description })
const map = (description: string) =>
  Type.Unsafe<Readonly<Record<string, unknown>>>({ description, type: 'object' })
const duration = (description: string) => Type.String({ description, pattern: DURATION_PATTERN })

/** A predicate: `{ var | fact, is | is_not | in | gte | lte | defined }`, `all`, `any`, `not`, or a list (all). */
const whenFor = (description: string) => Type.Unsafe<unknown>({ description })
const when = whenFor(
  'A condition: { var: NAME, is: VALUE }, { fact: NAME, in: [...] }, { all: [...] }, { any: [...] }, { not: … }; a list means all.',
)
const tasksOf = (description: string) => Type.Unsafe<unknown>({ description, type: 'array' })

/** The keys of a task beside the one module key. */
export const taskKeys = {
  name: text('What is true afterwards.'),
  when: Type.Optional(when),
  notify: Type.Optional(names('Handlers to run at the end of the play when this task changed something.')),
  loop: Type.Optional(anything('A list; the task runs once for each item, as {{ item }}.')),
  register: Type.Optional(
    Type.String({ description: 'Variable that gets the result.', pattern: '^[a-z][a-z0-9_]*$' }),
  ),
  run_once: Type.Optional(Type.Boolean({ description: 'Run on the first host of the play only.' })),
  delegate_to: Type.Optional(text('Run on this host instead, with the variables of the play’s host.')),
  tags: Type.Optional(names('Labels for --tags.')),
  timeout: Type.Optional(duration('Longest time the task may take, e.g. 60s.')),
  retry: Type.Optional(
    duration(
      'Try again until it works, for at most this long: what cannot be read, steps that fail, a state that does not come about.',
    ),
  ),
  as: Type.Optional(text('Account that runs the steps.')),
  check: Type.Optional(Type.Boolean({ description: 'false: not part of a plan, only of an apply.' })),
  ignore_errors: Type.Optional(
    Type.Boolean({ description: 'A failure is told, and the host goes on with its next task.' }),
  ),
  failed_when: Type.Optional(
    whenFor('When it has failed, in place of the exit code; { var: result.rc, … }.'),
  ),
  block: Type.Optional(tasksOf('Tasks that belong together; `when` and `tags` hold for all of them.')),
  rescue: Type.Optional(tasksOf('Tasks that run on a host when one of the block has failed there.')),
  always: Type.Optional(tasksOf('Tasks that run behind the block, whether it failed or not.')),
} as const

/** A task in a list of tasks; its module is checked by its own schema. */
export const taskSchema = Type.Unsafe<Readonly<Record<string, unknown>>>({
  type: 'object',
  description: 'A name, exactly one module with its arguments, and keywords.',
  properties: taskKeys,
  required: ['name'],
})

const param = Type.Object({
  type: Type.Enum(['host', 'string', 'integer', 'boolean'], { description: 'What it must be.' }),
  about: text('What it means, for --help.'),
  group: Type.Optional(text('A host of this group (type host).')),
  default: Type.Optional(anything('Value when it is not given; without one it is required.')),
  optional: Type.Optional(Type.Boolean({ description: 'May be left out without a default.' })),
  pick: Type.Optional(
    Type.Enum(['ill-standby', 'taken-out'], {
      description:
        'Who is meant when nobody is named: the one standby that does not stream, the one member that was taken out.',
    }),
  ),
})

const size = {
  anyOf: [
    { type: 'integer', minimum: 1 },
    { type: 'string', pattern: '^(?:[1-9][0-9]?|100)%$' },
  ],
}

const play = Type.Object({
  name: Type.Optional(text('What the play does.')),
  import: Type.Optional(text('A file of plays to put in place of this one, e.g. common/hosts.yml.')),
  hosts: Type.Optional(names('Host pattern, or a list of names.')),
  serial: Type.Optional(
    Type.Unsafe<unknown>({
      description:
        'Hosts worked on at the same time, batch after batch: 2, "50%", or a list such as [1, 5, "50%"].',
      anyOf: [size, { type: 'array', items: size, minItems: 1 }],
    }),
  ),
  any_errors_fatal: Type.Optional(Type.Boolean({ description: 'A failed host stops the whole run.' })),
  vars: Type.Optional(map('Variables of this play.')),
  tags: Type.Optional(names('Labels for --tags, for all its tasks.')),
  when: Type.Optional(when),
  tasks: Type.Optional(Type.Array(taskSchema, { description: 'In order.' })),
  handlers: Type.Optional(
    Type.Array(taskSchema, { description: 'Run once at the end of the play when notified.' }),
  ),
})

/** A playbook or runbook file. */
export const playbookSchema = Type.Object({
  name: text('What the playbook does.'),
  about: Type.Optional(text('A longer description.')),
  aliases: Type.Optional(
    Type.Array(Type.String(), { description: 'Other names, e.g. those of older tools.' }),
  ),
  params: Type.Optional(Type.Map(param, { description: 'What the operator may give on the command line.' })),
  needs: Type.Optional(
    Type.Array(Type.Enum(['status', 'deployment']), {
      description:
        'What is read of the whole cluster before the start: its status; what a deploy must know of data that is there.',
    }),
  ),
  require: Type.Optional(
    Type.Array(map('One requirement.'), { description: 'Checked before anything is touched.' }),
  ),
  confirm: Type.Optional(text('What the operator must agree to.')),
  promises: Type.Optional(
    Type.Enum(['healthy'], {
      description:
        'The cluster works at the end; a run that leaves it ill, or worse than before, has failed.',
    }),
  ),
  vars: Type.Optional(map('Variables of all plays.')),
  plays: Type.Array(play, { description: 'In order.' }),
})
