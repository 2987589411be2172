import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { run, runWith } from '../../engine/step.ts'
import type { Step } from '../../engine/step.ts'
import { Type } from '../../lib/type.ts'
import { absolutePath, accountName } from '../args.ts'
import { readInstallation } from './installation.ts'
import type { Installation } from './installation.ts'
import { versionText } from './layout.ts'

const argsSchema = Type.Object({
  version: Type.Integer({ description: 'Major version (15; 96 for 9.6).', minimum: 10, maximum: 96 }),
  name: Type.String({ description: "Name of the cluster in Debian's layout.", default: 'main' }),
  data_dir: Type.Optional(absolutePath("Data directory; default: the distribution's for version and name.")),
  bin_dir: Type.Optional(
    absolutePath(
      "Directory of initdb; given, Debian's own tools are not used. Default: looked up by version.",
    ),
  ),
  port: Type.Integer({
    description: 'Port written for a new cluster.',
    default: 5432,
    minimum: 1,
    maximum: 65_535,
  }),
  owner: { ...accountName('Account that owns it.'), default: 'postgres' },
  encoding: Type.String({ description: 'Encoding of a new cluster.', default: 'UTF8' }),
  locale: Type.String({ description: 'Locale of a new cluster.', default: 'C.UTF-8' }),
  checksums: Type.Boolean({ description: 'Data checksums in a new cluster.', default: true }),
})

type Args = Static<typeof argsSchema>

interface InitdbState {
  readonly [field: string]: unknown
  readonly initialized: boolean
  /** Debian's start.conf: hactl and cluster managers start servers, not the packages. */
  readonly start?: string
  readonly context: Installation
}

/** Debian has a cluster of this version and name with another data directory. */
const isTaken = ({ registered, layout }: Installation, { bin_dir }: Args): boolean =>
  bin_dir === undefined && registered !== undefined && registered !== layout.dataDir

async function current(probe: Probe, args: Args): Promise<InitdbState> {
  const found = await readInstallation(probe, args)
  if (found.binDir === undefined && found.data !== 'cluster') {
    throw new NotYet(`PostgreSQL ${versionText(args.version)} is not installed yet`)
  }
  return {
    initialized:
      found.data === 'cluster' && found.dataVersion === versionText(args.version) && !isTaken(found, args),
    ...(found.layout.kind === 'debian' && { start: found.start ?? 'none' }),
    context: found,
  }
}

/** Debian's own tool: it makes the files in /etc and registers the cluster. */
function createCluster(args: Args, { layout }: Installation): Step {
  return runWith(
    { timeoutMs: 300_000 },
    'pg_createcluster',
    layout.version,
    args.name,
    '--datadir',
    layout.dataDir,
    '--port',
    String(args.port),
    '--user',
    args.owner,
    '--start-conf',
    'manual',
    '--encoding',
    args.encoding,
    '--locale',
    args.locale,
    '--',
    '--auth-local=peer',
    '--auth-host=scram-sha-256',
    ...checksumOption(args),
  )
}

/** Checksums are on by default from 18, where there is an option against them. */
function checksumOption({ version, checksums }: Args): readonly string[] {
  if (checksums) return ['--data-checksums']
  return version >= 18 && version < 90 ? ['--no-data-checksums'] : []
}

function initdb(args: Args, { binDir, layout }: Installation): readonly Step[] {
  const auth = args.version < 100 && args.version >= 90 ? 'md5' : 'scram-sha-256'
  return [
    run('install', '-d', '-o', args.owner, '-g', args.owner, '-m', '0700', '--', layout.dataDir),
    runWith(
      { as: args.owner, timeoutMs: 300_000 },
      `${binDir}/initdb`,
      '-D',
      layout.dataDir,
      '--encoding',
      args.encoding,
      '--locale',
      args.locale,
      '--auth-local=peer',
      `--auth-host=${auth}`,
      ...checksumOption(args),
    ),
    ...(args.port === 5432
      ? []
      : [
          runWith(
            { as: args.owner },
            'sh',
            '-c',
            `printf 'port = %s\\n' "$1" >>"$2"`,
            'port',
            String(args.port),
            `${layout.dataDir}/postgresql.conf`,
          ),
        ]),
  ]
}

function steps(from: InitdbState, args: Args): readonly Step[] {
  const { context } = from
  if (!from.initialized) {
    return context.layout.kind === 'debian' ? [createCluster(args, context)] : initdb(args, context)
  }
  return [
    {
      kind: 'put',
      path: `${context.layout.confDir}/start.conf`,
      content: 'manual\n',
      mode: '0644',
      owner: args.owner,
      group: args.owner,
    },
  ]
}

function refuse({ context }: InitdbState, args: Args): Diagnostic | undefined {
  const { data, dataVersion, layout } = context
  if (isTaken(context, args)) {
    return problem(
      'postgres/other-directory',
      `cluster ${layout.version}/${args.name} is in ${context.registered}, not in ${layout.dataDir}`,
      { hint: `use that data_dir, another name, or remove the empty cluster with pg_dropcluster` },
    )
  }
  if (data === 'other') {
    return problem(
      'postgres/directory-in-use',
      `${layout.dataDir} is not empty and holds no PostgreSQL cluster`,
      {
        hint: `look what is in it; move it away, or choose another data_dir. hactl never empties a directory`,
      },
    )
  }
  if (data === 'cluster' && dataVersion !== versionText(args.version)) {
    return problem(
      'postgres/version-mismatch',
      `${layout.dataDir} was made by PostgreSQL ${dataVersion}, not ${versionText(args.version)}`,
      { hint: 'set the version that is there, or upgrade it with pg_upgrade first' },
    )
  }
  return undefined
}

/** A data directory, made once. */
export const postgresInitdb = defineModule({
  name: 'postgres_initdb',
  about:
    'Make a data directory once, as the distribution does (pg_createcluster or initdb); an existing one is never touched.',
  args: argsSchema,
  examples: ['postgres_initdb:\n  version: 15\n  port: 5432'],
  label: ({ version, name }) => `${versionText(version)}/${name}`,
  current,
  // A cluster of another version counts as a difference, so that it is refused and not passed over.
  desired: (_args, { context }): Partial<InitdbState> => ({
    initialized: true,
    ...(context.layout.kind === 'debian' && { start: 'manual' }),
  }),
  steps: (from, _to, args) => steps(from, args),
  refuse: (from, _to, args) => refuse(from, args),
  touches: ({ data_dir, port }) => [
    'file:/etc/postgresql',
    `file:${data_dir ?? '/var/lib'}`,
    'unit:*',
    `postgres:${port}`,
  ],
})
