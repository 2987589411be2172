import type { Static } from 'typebox'
import { postgres, vip } from '../../cluster/vars.ts'
import { Type } from '../../lib/type.ts'
import { failureOf, guard, timing } from '../../parts/corosync/vars.ts'
import { nameOf } from '../../schema/build.ts'

const replication = Type.Object(
  {
    mode: Type.Enum(['sync', 'async'], {
      description:
        'sync: one standby confirms every commit; when it is lost the primary goes on alone. async: none does.',
      default: 'sync',
    }),
    user: nameOf(
      'replicationUser',
      'Role that standbys connect as; its password is the secret replication_password.',
      {
        default: 'replicator',
      },
    ),
    restore_command: Type.Optional(
      Type.String({ description: 'restore_command of standbys, to fetch archived WAL.' }),
    ),
  },
  { description: 'Streaming replication between the members.', default: {} },
)

/** The variable `cluster` of this stack; the published schema and every default come from here. */
export const vars = Type.Object(
  {
    name: nameOf('corosync', 'Name of the cluster: letters, digits, "-" and "_".'),
    stack: Type.Literal('pacemaker', { description: 'Corosync, Pacemaker and streaming replication.' }),
    postgres,
    replication,
    writer_vip: vip('Address that follows the primary.'),
    reader_vip: Type.Optional(
      vip('Address on a standby, the sync one first; on the primary when no standby is left.'),
    ),
    timing,
    guard: Type.Optional(guard),
    failure: failureOf('PostgreSQL'),
    agent: Type.Enum(['pgsql'], {
      description: "Resource agent that runs PostgreSQL: hactl's own. May be left out.",
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
