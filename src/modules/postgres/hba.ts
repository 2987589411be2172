import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import type { Step } from '../../engine/step.ts'
import { Type } from '../../lib/type.ts'
import { sha256Of } from '../lib/files.ts'
import { text } from '../readings/text.ts'
import { installationArgs, serverArgs, serverTouches } from './args.ts'
import { hbaChanges, hbaMistake, hbaText, ownedRules, writeHba } from './hba-rules.ts'
import type { HbaChange, HbaRule } from './hba-rules.ts'
import { readInstallation } from './installation.ts'
import { HBA_CHECK, reloadStep } from './reload.ts'
import { readServer } from './server.ts'
import type { RunningServer } from './server.ts'

const words = (description: string) =>
  Type.Unsafe<string | readonly string[]>({
    description,
    anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
  })

/** A rule: one line of text, or its parts. */
const rule = Type.Unsafe<string | HbaRule>({
  anyOf: [
    { type: 'string' },
    Type.Object({
      type: Type.Enum(['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc'], {
        description: 'Kind of connection.',
      }),
      database: words('Databases, or `all`, `replication`, `sameuser`.'),
      user: words('Roles, or `all`; `+role` for its members.'),
      address: Type.Optional(
        Type.String({ description: 'Address range, host name, samenet or all; not for local.' }),
      ),
      method: Type.String({ description: 'scram-sha-256, reject, cert, peer …' }),
      options: Type.Optional(
        Type.Map(Type.Unsafe<string | number | boolean>({ type: ['string', 'number', 'boolean'] }), {
          description: 'Options of the method.',
        }),
      ),
    }),
  ],
})

const argsSchema = Type.Object({
  rules: Type.Array(rule, {
    description: 'Rules in their order; the first that matches a connection decides.',
  }),
  own: Type.Enum(['block', 'whole'], {
    description: 'Own a marked block in pg_hba.conf, or the whole file (other rules are removed).',
    default: 'block',
  }),
  position: Type.Enum(['top', 'bottom'], { description: 'Where a new block goes.', default: 'top' }),
  ...installationArgs,
  ...serverArgs,
})

type Args = Static<typeof argsSchema>

interface HbaState {
  readonly [field: string]: unknown
  /** The running server has read the file as it is. */
  readonly loaded: boolean
  readonly context: {
    readonly path: string
    readonly old: string | undefined
    readonly changes: readonly HbaChange[]
    /** One for each change. */
    readonly labels: readonly string[]
    readonly server: RunningServer | undefined
  }
}

/** How one change reads in a plan. A new block has no lines yet, so its place is that of the block. */
function describe(change: HbaChange, args: Args, hasBlock: boolean): string {
  if (change.kind === 'remove') return `- ${change.rule}`
  if (change.before) return `+ ${change.rule} before line ${change.before.line}`
  if (args.own === 'whole') return `+ ${change.rule} at the end`
  return `+ ${change.rule} ${hasBlock ? 'at the end of the block' : `at the ${args.position}`}`
}

async function current(probe: Probe, args: Args): Promise<HbaState> {
  const [installation, state] = await Promise.all([
    readInstallation(probe, args),
    readServer(probe, args, { hba: true }),
  ])
  const server = state.running ? state : undefined
  if (!server && !installation.configured) {
    throw new NotYet(`${installation.layout.confDir}/pg_hba.conf is not there yet`)
  }
  const path = server?.hbaFile ?? `${installation.layout.confDir}/pg_hba.conf`
  const content = await probe.ask(text, path)
  const old = content.kind === 'text' ? content.text : undefined
  const changes = hbaChanges(ownedRules(old ?? '', args.own === 'whole'), args.rules.map(hbaText))
  const hasBlock = old?.includes('# BEGIN hactl') ?? false
  const labels = changes.map((change) => describe(change, args, hasBlock))
  return {
    ...Object.fromEntries(
      changes.map((change, i) => [labels[i], change.kind === 'add' ? 'missing' : `line ${change.line}`]),
    ),
    loaded: server?.hbaLoaded ?? true,
    context: { path, old, changes, labels, server },
  }
}

function steps({ context: { path, old, changes, server } }: HbaState, args: Args): readonly Step[] {
  const rewrite = changes.length > 0
  const list: Step[] = []
  if (rewrite) {
    const content = writeHba(
      old ?? '',
      args.rules.map(hbaText),
      args.own === 'whole',
      args.position === 'top',
    )
    list.push({
      kind: 'put',
      path,
      content,
      ...(old === undefined && { mode: '0640', owner: args.account, group: args.account }),
      expect: old === undefined ? 'absent' : sha256Of(old),
    })
  }
  if (!server) return list
  return [
    ...list,
    reloadStep({
      server: args,
      dataDir: server.dataDirectory,
      check: server.version >= 100_000 ? HBA_CHECK : '',
      ...(rewrite && { written: { file: path, old } }),
    }),
  ]
}

function refuse(args: Args): Diagnostic | undefined {
  for (const [index, each] of args.rules.entries()) {
    const mistake = hbaMistake(hbaText(each))
    if (mistake === undefined) continue
    return problem('postgres/bad-hba-rule', `rule ${index + 1} (${hbaText(each)}): ${mistake}`, {
      hint: 'a rule is TYPE DATABASE USER [ADDRESS] METHOD [OPTIONS]; local has no address',
    })
  }
  return undefined
}

/** Rules of pg_hba.conf, in order. */
export const postgresHba = defineModule({
  name: 'postgres_hba',
  about:
    'Keep the rules of pg_hba.conf in order, load them, and put the old file back when the server refuses them.',
  args: argsSchema,
  examples: [
    `postgres_hba:
  version: 15
  rules:
    - host replication repl 10.77.0.20/32 reject
    - { type: host, database: replication, user: repl, address: 10.77.0.0/24, method: scram-sha-256 }
    - { type: host, database: [app, report], user: app, address: 10.77.0.0/24, method: scram-sha-256 }`,
  ],
  label: ({ port }) => String(port),
  current,
  desired: (_args, { context: { changes, labels } }): Partial<HbaState> => ({
    loaded: true,
    ...Object.fromEntries(
      changes.map((change, i) => [labels[i], change.kind === 'add' ? 'present' : 'removed']),
    ),
  }),
  steps: (from, _to, args) => steps(from, args),
  refuse: (_from, _to, args) => refuse(args),
  // The files may be anywhere: the server says where.
  touches: ({ port }) => serverTouches(port, '*'),
})
