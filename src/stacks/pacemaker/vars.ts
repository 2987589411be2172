import type { Static } from 'typebox'
import { modeOf, postgres, sqlName, vip } from '../../cluster/vars.ts'
import { DURATION_PATTERN } from '../../lib/duration.ts'
import { Type } from '../../lib/type.ts'

const replication = Type.Object(
  {
    mode: modeOf(
      'sync: one standby confirms every commit; when it is lost the primary goes on alone. async: none does. ' +
        'strict and quorum come with a later release.',
    ),
    user: sqlName('Role that standbys connect as; its password is the secret replication_password.', {
      default: 'replicator',
    }),
    restore_command: Type.Optional(
      Type.String({ description: 'restore_command of standbys, to fetch archived WAL.' }),
    ),
  },
  { description: 'Streaming replication between the members.', default: {} },
)

const guard = Type.Object(
  {
    none: Type.Optional(
      Type.String({
        description: 'There is none, in your own words: the sentence that accepts two primaries after a cut.',
        minLength: 10,
      }),
    ),
    fencing: Type.Optional(Type.Unknown({ description: 'Comes with a later release.' })),
    qdevice: Type.Optional(Type.Unknown({ description: 'Comes with a later release.' })),
    lock: Type.Optional(Type.Unknown({ description: 'Comes with a later release.' })),
  },
  { description: 'What keeps two primaries apart, beside the quorum of three and more votes.' },
)

const failure = Type.Object(
  {
    threshold: Type.Integer({
      description: 'Failures of PostgreSQL on one member until it is given up there.',
      default: 3,
      minimum: 1,
    }),
    forget_after: Type.String({
      description: 'Time without a failure after which earlier ones are forgotten.',
      pattern: DURATION_PATTERN,
      default: '10m',
    }),
  },
  { description: 'How failures are counted.', default: {} },
)

/** The variable `cluster` of this stack; the published schema and every default come from here. */
export const vars = Type.Object(
  {
    name: Type.String({
      description: 'Name of the cluster: letters, digits, "-" and "_".',
      pattern: '^[A-Za-z][A-Za-z0-9_-]{0,14}$',
    }),
    stack: Type.Literal('pacemaker', { description: 'Corosync, Pacemaker and streaming replication.' }),
    postgres,
    replication,
    writer_vip: vip('Address that follows the primary; standbys replicate through it too.'),
    reader_vip: Type.Optional(
      vip('Address on a standby, the sync one first; on the primary when no standby is left.'),
    ),
    timing: Type.Enum(['fast', 'normal', 'safe'], {
      description:
        'How soon a silent member is given up: fast for one data centre (token 2 s), normal (5 s), safe for slow or ' +
        'busy networks (10 s).',
      default: 'fast',
    }),
    guard: Type.Optional(guard),
    failure,
    agent: Type.Enum(['pgsql'], {
      description:
        "Resource agent that runs PostgreSQL: the distribution's pgsql, with its known defects cured.",
      default: 'pgsql',
    }),
    firewall: Type.Object(
      {
        open_ports: Type.Boolean({
          description:
            "Whether an active firewalld or ufw lets clients reach PostgreSQL's port, and members each other's pcsd " +
            'and Corosync. Only openings are added.',
          default: false,
        }),
      },
      { description: 'The firewall of the members.', default: {} },
    ),
  },
  { description: 'A cluster of the stack pacemaker.' },
)

/** The variable with defaults filled in. */
export type PacemakerVars = Static<typeof vars>
