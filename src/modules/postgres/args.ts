import type { Resource } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { absolutePath, accountName } from '../args.ts'

/** How to reach the server of this host; the same in every `postgres_*` module. */
export const serverArgs = {
  port: Type.Integer({ description: 'Port of the server.', default: 5432, minimum: 1, maximum: 65_535 }),
  account: { ...accountName('Account that owns the server.'), default: 'postgres' },
  socket_dir: Type.Optional(
    absolutePath("Directory of the server's socket; default: the one psql was built with."),
  ),
}

/** Which installation and data directory. */
export const installationArgs = {
  version: Type.Optional(
    Type.Integer({
      description: 'Major version (15; 96 for 9.6), to find programs and files.',
      minimum: 10,
      maximum: 96,
    }),
  ),
  name: Type.String({ description: "Name of the cluster in Debian's layout.", default: 'main' }),
  data_dir: Type.Optional(absolutePath("Data directory; default: the distribution's for version and name.")),
  bin_dir: Type.Optional(
    absolutePath(
      "Directory of initdb and postgres; given, Debian's layout is not looked for. Default: looked up by version.",
    ),
  ),
}

/** Everything a running server can change by itself: the server, and files below these. */
export const serverTouches = (port: number, ...files: readonly string[]): readonly Resource[] => [
  `postgres:${port}`,
  ...files.map((file): Resource => `file:${file}`),
]
