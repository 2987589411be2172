import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { IMPACTS } from '../../engine/impact.ts'
import { defineModule } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { runWith } from '../../engine/step.ts'
import type { Step } from '../../engine/step.ts'
import { shell } from '../../lib/program.ts'
import { Type } from '../../lib/type.ts'
import { absolutePath } from '../args.ts'
import { installationArgs, serverArgs, serverTouches } from './args.ts'
import { parseControlData } from './controldata.ts'
import { judgeData } from './divergence.ts'
import type { Divergence } from './divergence.ts'
import { readInstallation } from './installation.ts'
import type { Installation } from './installation.ts'
import { formatLsn } from './lsn.ts'
import { readServer } from './server.ts'
import { identify, replicationConninfo, withPassfile } from './upstream.ts'
import type { Identity, Upstream } from './upstream.ts'

const argsSchema = Type.Object({
  from: Type.Object(
    {
      host: Type.String({
        description: 'Address of the server to copy: the primary, or the writer address.',
      }),
      port: Type.Integer({ description: 'Its port.', default: 5432 }),
      user: Type.String({ description: 'Role with REPLICATION.' }),
      passfile: Type.Optional(absolutePath('File on this host with its password (libpq passfile).')),
    },
    { description: 'The server to copy.' },
  ),
  slot: Type.Optional(Type.String({ description: 'Replication slot to stream WAL from during the copy.' })),
  create_slot: Type.Boolean({ description: 'Create that slot (version 11 and later).', default: false }),
  rebuild: Type.Boolean({
    description:
      'Copy again even when the data directory can follow; a copy not yet started from counts as new.',
    default: false,
  }),
  existing: Type.Enum(['replace', 'refuse', 'keep'], {
    description:
      'A data directory that cannot follow: replace moves it aside and copies, refuse fails, keep never looks at one that is there.',
    default: 'replace',
  }),
  impact: Type.Enum(IMPACTS, {
    description: 'What replacing a directory counts as; for a runbook that has asked itself.',
    default: 'destructive',
  }),
  ...installationArgs,
  ...serverArgs,
})

type Args = Static<typeof argsSchema>

interface BackupState {
  readonly [field: string]: unknown
  /** `can follow`, or what the data directory is instead. */
  readonly copy: string
  readonly context: Installation
}

const GOOD = 'can follow'

/** Whether a data directory can follow the server, and else why not. Pure. */
export function judge(found: Installation, upstream: Identity): string {
  if (found.data === 'absent' || found.data === 'empty') return 'none'
  if (found.data === 'other') return 'no PostgreSQL data directory'
  const control = parseControlData(found.control ?? '')
  if (control?.lsn === undefined) return 'incomplete'
  const line = judgeData({ control, fresh: true }, upstream)
  const mayFollow = found.fresh || found.standby || control.state.includes('recovery')
  return mayFollow || line.kind === 'other-cluster' ? words(line) : 'a former primary'
}

function words(line: Divergence): string {
  switch (line.kind) {
    case 'follows':
      return GOOD
    case 'diverged':
      return `diverged from timeline ${line.timeline} at ${formatLsn(line.fork)}`
    case 'foreign-timeline':
      return `on timeline ${line.timeline}, which the primary never had`
    case 'was-primary':
      return 'a former primary'
    case 'other-cluster':
      return `another cluster (system identifier ${line.systemIdentifier})`
    case 'no-data':
      return 'incomplete'
  }
}

async function current(probe: Probe, args: Args): Promise<BackupState> {
  const upstream: Upstream = args.from
  if (args.existing === 'keep') {
    const kept = await readInstallation(probe, args)
    if (kept.data === 'cluster' || kept.data === 'other') return { copy: GOOD, context: kept }
  }
  const [found, server, identity] = await Promise.all([
    readInstallation(probe, args),
    readServer(probe, args),
    identify(probe, upstream, args.account),
  ])
  const judged = judge(found, identity)
  const copy = args.rebuild && judged === GOOD && !found.fresh ? 'to be copied again' : judged
  if (copy !== GOOD && server.running && args.existing !== 'refuse') {
    throw new NotYet(
      `the server on port ${args.port} must be stopped before ${found.layout.dataDir} is replaced`,
    )
  }
  if (copy !== GOOD && found.binDir === undefined) throw new NotYet('PostgreSQL is not installed yet')
  return { copy, context: found }
}

/** The copy grows beside its place under a name that no complete copy ever has; in a mount point it grows in its place. */
const placeOf = ({ mount, layout }: Installation): string =>
  mount ? layout.dataDir : `${layout.dataDir}.hactl-incomplete`

const COPY_MS = 24 * 3_600_000

function steps({ copy, context }: BackupState, args: Args): readonly Step[] {
  const { dataDir } = context.layout
  const target = placeOf(context)
  const slot =
    args.slot === undefined ? [] : ['--slot', args.slot, ...(args.create_slot ? ['--create-slot'] : [])]
  return [
    runWith({}, ...shell('postgres/copy-prepare.sh', dataDir, target, args.account)),
    runWith(
      { as: args.account, timeoutMs: COPY_MS },
      ...withPassfile(args.from),
      `${context.binDir}/pg_basebackup`,
      '--dbname',
      replicationConninfo(args.from),
      '--pgdata',
      target,
      '--wal-method=stream',
      '--checkpoint=fast',
      '--no-password',
      ...slot,
    ),
    runWith(
      copy === 'none' ? {} : { impact: args.impact },
      ...shell('postgres/copy-swap.sh', dataDir, target),
    ),
  ]
}

/** A mount point is busy: what is in it cannot be moved aside in one step, and nothing is deleted. */
function mountInTheWay({ copy, context }: BackupState): Diagnostic | undefined {
  const { mount, data, layout } = context
  if (!mount || data === 'empty' || copy === 'incomplete') return undefined
  const { dataDir } = layout
  const summary = `${dataDir} is a mount point that is not empty, and cannot be moved aside: ${copy}`
  return problem('postgres/mount-in-the-way', summary, {
    hint: `move what is in it, lost+found too, to another folder: the copy then goes into the empty mount point. Or mount one folder above, so that ${dataDir} is a folder of that file system`,
  })
}

function refuse(from: BackupState, args: Args): Diagnostic | undefined {
  const { copy, context } = from
  if (args.existing !== 'refuse' || copy === 'none') return mountInTheWay(from)
  const { dataDir } = context.layout
  return problem('postgres/data-in-the-way', `${dataDir} cannot follow ${args.from.host}: ${copy}`, {
    hint: `look what it holds; if nobody needs it: mv ${dataDir} ${dataDir}.old`,
  })
}

/** A copy of the primary to start a standby from. */
export const postgresBasebackup = defineModule({
  name: 'postgres_basebackup',
  about:
    'Keep a data directory that can follow the given primary: copy it with pg_basebackup when it cannot. An old directory is moved aside with its date, never deleted.',
  args: argsSchema,
  examples: [
    `postgres_basebackup:
  version: 15
  from: { host: 10.77.0.20, user: repl, passfile: /var/lib/postgresql/.pgpass }`,
  ],
  label: ({ from }) => `${from.host}:${from.port}`,
  current,
  desired: (): Partial<BackupState> => ({ copy: GOOD }),
  refuse: (from, _to, args) => refuse(from, args),
  steps: (from, _to, args) => steps(from, args),
  touches: ({ port, data_dir }) => serverTouches(port, data_dir ?? '/var/lib'),
  timeoutMs: COPY_MS,
})
