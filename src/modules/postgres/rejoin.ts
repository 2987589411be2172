import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { absolutePath, secretText } from '../args.ts'
import { stat } from '../readings/stat.ts'
import { units } from '../readings/units.ts'
import { serverArgs } from './args.ts'
import { parseControlData } from './controldata.ts'
import type { ControlData } from './controldata.ts'
import { forkFor, judgeData, lostWords, notRewindable } from './divergence.ts'
import type { Divergence } from './divergence.ts'
import { readInstallation } from './installation.ts'
import { formatLsn } from './lsn.ts'
import { readServer } from './server.ts'
import { identify } from './upstream.ts'
import { parseWalPast, walPastArgv } from './wal-past.ts'

const argsSchema = Type.Object({
  member: Type.String({ description: 'Name of the member, for what is said about it.' }),
  from: Type.Object(
    {
      host: Type.String({ description: 'Address of the primary.' }),
      port: Type.Integer({ description: 'Its port.', default: 5432 }),
      user: Type.String({ description: 'Role with REPLICATION.' }),
      passfile: Type.Optional(absolutePath('File on this host with its password (libpq passfile).')),
      password: Type.Optional(secretText('The password, where no file on this host has it.')),
    },
    { description: 'The primary whose line it is compared with.' },
  ),
  accept_data_loss: Type.Boolean({
    description: 'The operator agrees that commits are discarded that exist only here.',
    default: false,
  }),
  if_impossible: Type.Enum(['fail', 'go-on'], {
    description:
      'Data that no rewind can mend: fail and name rebuild-standby, or go on, for a manager that keeps it and copies anew.',
    default: 'fail',
  }),
  rewinding: Type.Optional(absolutePath('File that is there while a rewind is unfinished.')),
  manager: Type.Optional(
    Type.String({ description: 'Unit that mends members by itself: while it runs, nothing is compared.' }),
  ),
  data_dir: absolutePath('Data directory.'),
  bin_dir: absolutePath("Folder of PostgreSQL's programs."),
  ...serverArgs,
})

type Args = Static<typeof argsSchema>

/** What is to be done with the member. */
type Action = 'nothing' | 'start' | 'rewind' | 'rebuild'

interface RejoinState {
  readonly [field: string]: unknown
  readonly action: Action
  /** What the task must not pass over: why it cannot rejoin, or what would be lost. */
  readonly hindrance: string
  /** Commits that are discarded, in words; empty: none. */
  readonly lost: string
}

const NONE = 'none'
const on = (action: Action, hindrance = NONE, lost = ''): RejoinState => ({ action, hindrance, lost })
const rebuild = (why: string): RejoinState => on('rebuild', why)

type Diverged = Extract<Divergence, { kind: 'diverged' }>

function decideDiverged(found: Diverged, control: ControlData): RejoinState {
  const words = lostWords(found)
  const where = `${found.bytes} bytes of WAL past the fork at ${formatLsn(found.fork)} of timeline ${found.timeline}`
  const lost = found.commits === 0 ? '' : `${words} in more than ${where}`
  const cannot = notRewindable(control)
  return cannot === undefined ? on('rewind', NONE, lost) : { ...rebuild(cannot), lost }
}

/** What a judgement means for a member that is to come back. Pure. */
export function decide(found: Divergence, control: ControlData | undefined): RejoinState {
  switch (found.kind) {
    case 'no-data':
      return rebuild('there is no data')
    case 'other-cluster':
      return rebuild('its data belongs to another cluster')
    case 'was-primary':
      return {
        ...rebuild(`it was primary on timeline ${found.timeline}, as the primary is now`),
        lost: `an unknown number of commits of timeline ${found.timeline}`,
      }
    case 'foreign-timeline':
      return {
        ...rebuild(`it is on timeline ${found.timeline}, which the primary never had`),
        lost: `commits of timeline ${found.timeline}, which the primary never had`,
      }
    case 'follows':
      return on('start')
    case 'diverged':
      return control === undefined ? rebuild('there is no data') : decideDiverged(found, control)
  }
}

async function isManaged(probe: Probe, { manager }: Args): Promise<boolean> {
  if (manager === undefined) return false
  const { active } = await probe.ask(units, manager)
  return active === 'active' || active === 'reloading'
}

/** Compares data whose server is down with the line of the primary, which is asked for it. */
async function compare(probe: Probe, args: Args, control: ControlData, fresh: boolean): Promise<RejoinState> {
  const { data_dir: dataDir, bin_dir: binDir, account, from } = args
  const line = await identify(probe, from, account)
  const fork = forkFor(control, line)
  const argv = fork && walPastArgv({ dataDir, binDir }, control.timeline, fork, 280)
  const past = argv && parseWalPast(await probe.run(argv, { as: account, timeoutMs: 290_000 }))
  return decide(judgeData({ control, fresh }, line, past), control)
}

async function current(probe: Probe, args: Args): Promise<RejoinState> {
  const { rewinding, manager, data_dir, bin_dir } = args
  const [managed, half, server, found] = await Promise.all([
    isManaged(probe, args),
    rewinding === undefined ? undefined : probe.ask(stat, rewinding),
    readServer(probe, args),
    readInstallation(probe, { name: 'main', data_dir, bin_dir }),
  ])
  if (managed || (manager !== undefined && server.running)) return on('nothing')
  if (half !== undefined && half.type !== 'absent') return rebuild('a rewind was cut off here')
  if (server.running && server.receiver === 'streaming') return on('nothing')
  const control = parseControlData(found.control ?? '')
  if (control !== undefined) return await compare(probe, args, control, found.fresh)
  return manager === undefined ? rebuild('there is no data') : on('nothing')
}

/** Discarding data of another cluster is no matter of consent here. */
const isForeign = ({ hindrance }: RejoinState): boolean => hindrance === 'its data belongs to another cluster'

function refuse(state: RejoinState, args: Args): Diagnostic | undefined {
  const { hindrance, lost, action } = state
  const { member, if_impossible: whenNot, accept_data_loss: accepted } = args
  if (action === 'rebuild' && (whenNot === 'fail' || isForeign(state))) {
    const summary = `${member} cannot come back as it is: ${hindrance}`
    return problem('postgres/cannot-rejoin', summary, {
      hint: `copy it anew: rebuild-standby --on ${member}`,
    })
  }
  if (lost === '' || accepted) return undefined
  return problem('postgres/only-here', `${member} has ${lost}. They exist nowhere else`, {
    hint: `to keep them in a directory set aside: rebuild-standby --on ${member}; to discard them: repair-standby --on ${member} --accept-data-loss`,
  })
}

/** The decision before a member is brought back: nothing, start, rewind, or a new copy; and whether commits are lost. */
export const postgresRejoin = defineModule({
  name: 'postgres_rejoin',
  about:
    'Compare the data of a member with the line of the primary: whether it can follow as it is, must be rewound, or copied anew. Fails where commits would be discarded that exist nowhere else and nobody agreed to it. Registers `state.action`: nothing, start, rewind or rebuild. Changes nothing.',
  args: argsSchema,
  examples: [
    `postgres_rejoin:
  member: pg1
  data_dir: /var/lib/postgresql/15/main
  bin_dir: /usr/lib/postgresql/15/bin
  from: { host: 10.77.0.2, user: repl, passfile: /var/lib/postgresql/.pgpass }`,
  ],
  label: ({ member }) => member,
  current,
  // What hinders is the only difference there can be, and it is refused: there are no steps.
  desired: (args, state): Partial<RejoinState> => (refuse(state, args) ? { hindrance: '', lost: '' } : {}),
  refuse: (state, _to, args) => refuse(state, args),
  steps: () => [],
  touches: () => [],
})
