import type { Static } from 'typebox'
import { defineModule } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { serverArgs, serverTouches } from './args.ts'
import { NOT_SET } from './config-state.ts'
import { CONFIG_CHECK, reloadStep } from './reload.ts'
import { readServer } from './server.ts'
import type { RunningServer } from './server.ts'
import { identifier, sqlStep } from './sql.ts'
import { sameValue, settingText } from './values.ts'

const argsSchema = Type.Object({
  settings: Type.Map(Type.Unsafe<string | number | boolean>({ type: ['string', 'number', 'boolean'] }), {
    description: 'Settings that another tool writes, with the values they should have.',
  }),
  ...serverArgs,
})

type Args = Static<typeof argsSchema>

interface AlterState {
  readonly [field: string]: unknown
  readonly context: { readonly server: RunningServer; readonly altered: readonly string[] }
}

async function current(probe: Probe, args: Args): Promise<AlterState> {
  const server = await readServer(probe, args, { settings: Object.keys(args.settings) })
  if (!server.running) throw new NotYet(`the server on port ${args.port} does not run`)
  const rows = new Map(server.settings.map((row) => [row.name.toLowerCase(), row]))
  const altered = Object.entries(args.settings).flatMap(([name, wanted]) => {
    const last = server.fileSettings?.[name.toLowerCase()]
    if (!last?.file.endsWith('/postgresql.auto.conf') || last.value === null) return []
    const isSame = sameValue(last.value, settingText(wanted), rows.get(name.toLowerCase()))
    return isSame ? [] : [[name, last.value] as const]
  })
  return { ...Object.fromEntries(altered), context: { server, altered: altered.map(([name]) => name) } }
}

/** Takes back what ALTER SYSTEM says against the configuration that another tool writes. */
export const postgresAlterSystem = defineModule({
  name: 'postgres_alter_system',
  about:
    'Take back ALTER SYSTEM of settings whose values come from elsewhere, where it says something else than they do.',
  args: argsSchema,
  examples: ['postgres_alter_system: { settings: { work_mem: 8MB }, port: 5432 }'],
  label: ({ port }) => String(port),
  current,
  desired: (_args, from): Partial<AlterState> =>
    Object.fromEntries(from.context.altered.map((name) => [name, NOT_SET])) as Partial<AlterState>,
  steps: ({ context: { server, altered } }, _to, args) => [
    sqlStep(args, altered.map((name) => `alter system reset ${identifier(name)};\n`).join(''), {
      impact: 'reload',
    }),
    reloadStep({ server: args, dataDir: server.dataDirectory, check: CONFIG_CHECK }),
  ],
  touches: ({ port }) => serverTouches(port, '*'),
})
