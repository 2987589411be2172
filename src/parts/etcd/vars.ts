import type { Static } from 'typebox'
import { portOf as port } from '../../cluster/vars.ts'
import { Type } from '../../lib/type.ts'
import { nameOf } from '../../schema/build.ts'

/** The key `etcd` of `cluster`. */
export const etcd = Type.Object(
  {
    client_port: port('Port for clients.', 2379),
    peer_port: port('Port for the other members.', 2380),
    token: Type.Optional(
      nameOf('token', 'Token of the first start; default: hactl- and the name of the cluster.'),
    ),
    tls: Type.Boolean({
      description: "Whether members and clients speak TLS and prove who they are, with the cluster's own CA.",
      default: true,
    }),
    auth: Type.Boolean({
      description:
        'Whether etcd asks for a password too (secrets etcd_root_password, etcd_patroni_password).',
      default: false,
    }),
  },
  {
    description: 'The lock service, on the hosts of the group `etcd`; default: on the members.',
    default: {},
  },
)

export type EtcdVars = Static<typeof etcd>
