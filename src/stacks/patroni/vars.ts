import type { Static } from 'typebox'
import { modeOf, portOf as port, postgres, vip } from '../../cluster/vars.ts'
import { Type } from '../../lib/type.ts'
import { etcd } from '../../parts/etcd/vars.ts'
import { nameOf } from '../../schema/build.ts'

const replication = Type.Object(
  {
    mode: modeOf(
      'sync: one standby confirms every commit; when none is left the primary goes on alone. strict: it waits ' +
        'instead. quorum: any of the standbys confirm (Patroni 4). async: none does.',
    ),
    synchronous_nodes: Type.Integer({
      description: 'How many standbys confirm every commit (sync, strict, quorum).',
      default: 1,
      minimum: 1,
    }),
    maximum_lag_on_failover: Type.Integer({
      description: 'Bytes a standby may be behind and still be promoted by itself.',
      default: 1_048_576,
      minimum: 0,
    }),
    user: nameOf(
      'replicationUser',
      'Role that standbys connect as; its password is the secret replication_password.',
      {
        default: 'replicator',
      },
    ),
    rewind_user: nameOf(
      'replicationUser',
      'Role that pg_rewind connects as; its password is the secret rewind_password.',
      {
        default: 'rewind',
      },
    ),
  },
  { description: 'Streaming replication between the members.', default: {} },
)

const writerVip = Type.Object(
  {
    ...vip('').properties,
    label: Type.Optional(nameOf('label', 'Label of the address, shown as INTERFACE:LABEL.')),
  },
  { description: 'Address that follows the primary.' },
)

const routing = Type.Object(
  {
    by: Type.Enum(['callback', 'vip-manager', 'haproxy', 'none'], {
      description:
        "How clients find the primary. callback: hactl's script carries writer_vip. vip-manager: the program of that " +
        'name does, by the leader key; it must be version 2 or newer, as in Debian 13. haproxy: a proxy on the hosts of the group `proxy` (default: on the members), ' +
        'with keepalived for writer_vip. none: clients try the members in turn.',
      default: 'callback',
    }),
    proxy: Type.Object(
      {
        primary_port: port('Port that leads to the primary.', 5000),
        replica_port: port('Port that leads to a standby.', 5001),
        stats_port: port("Port of the proxy's statistics, on the loopback address.", 7000),
      },
      { description: 'The proxy, with by: haproxy.', default: {} },
    ),
  },
  { description: 'The address clients use.', default: {} },
)

const patroni = Type.Object(
  {
    scope: Type.Optional(nameOf('scope', "The cluster's name in the lock service; default: its name.")),
    namespace: nameOf('namespace', 'Where the lock service keeps it.', { default: '/service/' }),
    rest: Type.Object(
      {
        port: port('Port of the REST API.', 8008),
        user: nameOf(
          'httpUser',
          'Account of calls that change something; its password is the secret patroni_rest_password.',
          { default: 'patroni' },
        ),
        tls: Type.Boolean({
          description: "Whether it speaks TLS, with the cluster's own CA.",
          default: true,
        }),
      },
      { description: 'The REST API of every member.', default: {} },
    ),
    failsafe: Type.Boolean({
      description:
        'Whether the primary goes on without the lock service while every member agrees (Patroni 3).',
      default: true,
    }),
    rewind: Type.Boolean({
      description: 'Whether a diverged member is rejoined by pg_rewind.',
      default: true,
    }),
    watchdog: Type.Enum(['off', 'automatic', 'required'], {
      description: 'The watchdog device that resets a host whose Patroni hangs.',
      default: 'off',
    }),
    guard: Type.Object(
      {
        freeze: Type.Boolean({
          description: 'Whether a member that was frozen is kept from taking the lock back.',
          default: true,
        }),
      },
      { description: 'What hactl adds on the hosts against the loss of commits.', default: {} },
    ),
    callbacks: Type.Map(
      Type.String({ description: 'A program.', pattern: String.raw`^/[^\x00-\x1f\x7f]+$` }),
      {
        description:
          "Programs of your own by event (on_start, on_stop, on_role_change …), called after hactl's.",
        default: {},
      },
    ),
    slots: Type.Map(Type.Unknown(), {
      description: 'Permanent replication slots.',
      default: {},
      propertyNames: { kind: 'slot' },
    }),
    settings: Type.Map(Type.Unknown(), {
      description: 'Further keys of the dynamic configuration; they win over what hactl computes.',
      default: {},
    }),
  },
  { description: 'Patroni.', default: {} },
)

/** The variable `cluster` of this stack; the published schema and every default come from here. */
export const vars = Type.Object(
  {
    name: nameOf('cluster', 'Name of the cluster: letters, digits, "-" and "_".'),
    stack: Type.Literal('patroni', { description: 'Patroni with etcd, and streaming replication.' }),
    postgres,
    replication,
    writer_vip: Type.Optional(writerVip),
    routing,
    timing: Type.Enum(['fast', 'normal', 'safe'], {
      description:
        "How soon a silent primary is given up: fast (lease 20 s, Patroni's least), normal (30 s), safe for slow or " +
        'busy networks (60 s).',
      default: 'fast',
    }),
    patroni,
    etcd,
    firewall: Type.Object(
      {
        open_ports: Type.Boolean({
          description:
            "Whether an active firewalld or ufw lets clients reach PostgreSQL's port, and the hosts each other's REST " +
            'API and etcd. Only openings are added.',
          default: false,
        }),
      },
      { description: 'The firewall of the hosts.', default: {} },
    ),
  },
  { description: 'A cluster of the stack patroni.' },
)

/** The variable with defaults filled in. */
export type PatroniVars = Static<typeof vars>
