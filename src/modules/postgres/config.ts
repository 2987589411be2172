import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import type { Impact } from '../../engine/impact.ts'
import { defineModule } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { runWith } from '../../engine/step.ts'
import type { Step } from '../../engine/step.ts'
import { Type } from '../../lib/type.ts'
import { sha256Of } from '../lib/files.ts'
import { stat } from '../readings/stat.ts'
import { text } from '../readings/text.ts'
import { installationArgs, serverArgs, serverTouches } from './args.ts'
import { parseConf, renderConf } from './conf-file.ts'
import {
  alteredValue,
  fileValues,
  NOT_SET,
  overriddenBy,
  presentValue,
  running,
  situations,
} from './config-state.ts'
import { readInstallation } from './installation.ts'
import type { Installation } from './installation.ts'
import { rejection } from './settings-check.ts'
import { CONFIG_CHECK, reloadStep } from './reload.ts'
import { readServer } from './server.ts'
import type { RunningServer } from './server.ts'
import { identifier, sqlStep } from './sql.ts'
import { sameValue, settingText } from './values.ts'

const argsSchema = Type.Object({
  settings: Type.Map(Type.Unsafe<string | number | boolean>({ type: ['string', 'number', 'boolean'] }), {
    description: 'Settings and values; `true` is `on`. A setting no longer listed goes back to its default.',
  }),
  auto_conf: Type.Enum(['reset', 'keep', 'refuse'], {
    description: 'What to do with ALTER SYSTEM of a listed setting with another value.',
    default: 'reset',
  }),
  managed_elsewhere: Type.Array(Type.String(), {
    description: 'Settings that a cluster manager owns: neither written nor reset here, even when listed.',
    default: [],
  }),
  ...installationArgs,
  ...serverArgs,
})

type Args = Static<typeof argsSchema>
const ALTER = 'ALTER SYSTEM '

interface ConfigState {
  readonly [field: string]: unknown
  readonly settings: Readonly<Record<string, string>>
  /** postgresql.conf reads hactl's file. */
  readonly included: boolean
  readonly mode: string
  readonly owner: string
  /** Settings that are loaded at the next restart; shown, never compared. */
  readonly pending_restart: readonly string[]
  readonly context: Context
}

interface Context {
  readonly installation: Installation
  readonly server: RunningServer | undefined
  readonly oldText: string | undefined
  readonly rewrite: boolean
  readonly overridden: readonly string[]
  /** What `postgres` itself says against the wanted settings. */
  readonly rejected: string | undefined
}

/** The settings to keep, as text. */
function wantedSettings(args: Args): Readonly<Record<string, string>> {
  const elsewhere = new Set(args.managed_elsewhere.map((name) => name.toLowerCase()))
  return Object.fromEntries(
    Object.entries(args.settings)
      .filter(([name]) => !elsewhere.has(name.toLowerCase()))
      // A setting is one whatever its case; the last one counts, as in the file.
      .map(([name, value]) => [name.toLowerCase(), settingText(value)]),
  )
}

/** Whether postgresql.conf, by name or by directory, reads the file. */
function isIncluded({ includes, layout }: Installation): boolean {
  const paths = parseConf(includes).includes.map(({ kind, path }) => ({
    kind,
    path: path.startsWith('/') ? path : `${layout.confDir}/${path}`,
  }))
  const folder = layout.ownConf.replace(/\/[^/]*$/, '')
  return paths.some(
    ({ kind, path }) => path.replace(/\/$/, '') === (kind === 'include_dir' ? folder : layout.ownConf),
  )
}

async function current(probe: Probe, args: Args): Promise<ConfigState> {
  const wanted = wantedSettings(args)
  const [installation, state] = await Promise.all([
    readInstallation(probe, args),
    readServer(probe, args, { settings: Object.keys(wanted) }),
  ])
  const { layout } = installation
  if (!installation.configured) throw new NotYet(`${layout.confDir}/postgresql.conf is not there yet`)
  const [found, content] = await Promise.all([
    probe.ask(stat, layout.ownConf),
    probe.ask(text, layout.ownConf),
  ])
  const oldText = content.kind === 'text' ? content.text : undefined
  const server = running(state)
  const seen = compare(wanted, oldText, layout.ownConf, server)
  const differs = Object.entries(wanted).some(([name, value]) => seen.settings[name] !== value)
  return {
    settings: seen.settings,
    included: isIncluded(installation),
    mode: found.type === 'absent' ? 'absent' : found.mode,
    owner: found.type === 'absent' ? 'absent' : found.owner,
    pending_restart: server?.settings.filter((row) => row.pendingRestart).map((row) => row.name) ?? [],
    ...(args.auto_conf !== 'keep' && seen.altered),
    context: {
      installation,
      server,
      oldText,
      rewrite: seen.rewrite,
      overridden: seen.overridden,
      rejected: differs ? await rejection(probe, installation, args.account, wanted) : undefined,
    },
  }
}

/** What is there instead of the wanted settings, by hactl's file and by the server. */
function compare(
  wanted: Readonly<Record<string, string>>,
  oldText: string | undefined,
  ownConf: string,
  server: RunningServer | undefined,
) {
  const file = parseConf(oldText ?? '')
  const all = [...situations(wanted, file, ownConf, server)]
  const lower = new Set(Object.keys(wanted).map((name) => name.toLowerCase()))
  const extra = [...fileValues(file)].filter(([name]) => !lower.has(name))
  const inFile = ([, each]: (typeof all)[number]): boolean =>
    each.inFile !== undefined && sameValue(each.inFile, each.wanted, each.row)
  return {
    settings: {
      ...Object.fromEntries(all.map(([name, each]) => [name, presentValue(each)])),
      ...Object.fromEntries(extra),
    },
    altered: Object.fromEntries(
      all.flatMap(([name, each]) => {
        const value = alteredValue(each)
        return value === undefined ? [] : [[`${ALTER}${name}`, value]]
      }),
    ),
    overridden: all.flatMap(([name, each]) => {
      const by = overriddenBy(each)
      return by ? [`${name} = ${by.value} in ${by.file}:${by.line}`] : []
    }),
    rewrite: oldText === undefined || extra.length > 0 || file.broken.length > 0 || !all.every(inFile),
  }
}

const altered = (state: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.keys(state)
    .filter((field) => field.startsWith(ALTER))
    .map((field) => field.slice(ALTER.length))

function steps(from: ConfigState, _to: Partial<ConfigState>, args: Args): readonly Step[] {
  const { installation, server, oldText, rewrite } = from.context
  const { layout } = installation
  const list: Step[] = []
  if (rewrite || from.mode !== '0644' || from.owner !== args.account) {
    list.push({
      kind: 'put',
      path: layout.ownConf,
      content: rewrite ? renderConf(wantedSettings(args)) : (oldText ?? ''),
      mode: '0644',
      owner: args.account,
      group: args.account,
      expect: oldText === undefined ? 'absent' : sha256Of(oldText),
    })
  }
  if (!from.included) {
    const line = `include_if_exists = '${layout.ownConf.slice(layout.confDir.length + 1)}'`
    const file = `${layout.confDir}/postgresql.conf`
    list.push(
      runWith(
        {},
        'sh',
        '-c',
        `printf '\\n# Settings of the inventory (hactl)\\n%s\\n' "$1" >>"$2"`,
        'include',
        line,
        file,
      ),
    )
  }
  if (!server) return list
  const resets = altered(from).map((name) => `alter system reset ${identifier(name)};\n`)
  if (resets.length > 0) list.push(sqlStep(args, resets.join(''), { impact: 'reload' }))
  const written = rewrite && { file: layout.ownConf, old: oldText }
  list.push(
    reloadStep({
      server: args,
      dataDir: server.dataDirectory,
      check: CONFIG_CHECK,
      ...(written && { written }),
    }),
  )
  return list
}

function refuse(from: ConfigState, args: Args): Diagnostic | undefined {
  const { rejected, overridden, installation } = from.context
  if (rejected !== undefined) {
    return problem('postgres/bad-setting', `PostgreSQL refuses the settings: ${rejected.split('\n')[0]}`, {
      detail: rejected,
      hint: 'correct the value in the inventory; nothing was written',
    })
  }
  if (overridden.length > 0) {
    return problem('postgres/overridden', `another file overrides ${overridden.join(', ')}`, {
      hint: `remove the line there, or leave the setting out of the inventory; ${installation.layout.ownConf} must be read last`,
    })
  }
  const system = altered(from)
  return args.auto_conf === 'refuse' && system.length > 0
    ? problem('postgres/altered', `ALTER SYSTEM has set ${system.join(', ')}`, {
        hint: `take the value over into the inventory, or run ALTER SYSTEM RESET ${system[0]}`,
      })
    : undefined
}

/** What a setting's change interrupts: settings of context `postmaster` wait for a restart. */
function fieldImpact(field: string, { context: { server } }: ConfigState): Impact | undefined {
  if (!server || !/^(settings\.|ALTER SYSTEM )/.test(field)) return undefined
  const name = field.replace(/^(settings\.|ALTER SYSTEM )/, '').toLowerCase()
  const row = server.settings.find((each) => each.name.toLowerCase() === name)
  if (row?.context !== 'postmaster') return 'reload'
  return server.inRecovery ? 'restart-standby' : 'restart-primary'
}

/** Settings of a server in a file of their own. */
export const postgresConfig = defineModule({
  name: 'postgres_config',
  about:
    "Keep a server's settings in an included file of their own, loaded by a reload; the user's postgresql.conf stays theirs.",
  args: argsSchema,
  examples: [
    `postgres_config:
  version: 15
  port: 5432
  settings: { shared_buffers: 2GB, wal_level: replica, hot_standby: true }
  managed_elsewhere: [synchronous_standby_names, primary_conninfo]`,
  ],
  label: ({ port }) => String(port),
  current,
  desired: (args, from): Partial<ConfigState> => {
    const wanted = wantedSettings(args)
    const gone = Object.keys(from.settings).filter((name) => !(name in wanted))
    return {
      settings: { ...wanted, ...Object.fromEntries(gone.map((name) => [name, NOT_SET])) },
      included: true,
      ...(from.mode !== 'absent' && { mode: '0644', owner: args.account }),
      ...Object.fromEntries(altered(from).map((name) => [`${ALTER}${name}`, NOT_SET])),
    }
  },
  steps,
  refuse: (from, _to, args) => refuse(from, args),
  fieldImpact: (field, from) => fieldImpact(field, from),
  // The files may be anywhere: the server says where.
  touches: ({ port }) => serverTouches(port, '*'),
})
