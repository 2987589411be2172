import type { Static } from 'typebox'
import { problem, type Diagnostic } from '../diag/diagnostic.ts'
import { defineModule } from '../engine/module.ts'
import { shell } from '../lib/program.ts'
import { Type } from '../lib/type.ts'
import { absolutePath } from './args.ts'
import { bytesOf } from './postgres/values.ts'

const args = Type.Object({
  data_dir: absolutePath('Where the data directory is, or will be.'),
  port: Type.Integer({ description: 'Port of PostgreSQL.', default: 5432 }),
  locale: Type.Optional(Type.String({ description: 'Locale of a new data directory.' })),
  settings: Type.Map(Type.Unsafe<unknown>({ description: 'A value.' }), {
    description: "Settings of PostgreSQL; of these `shared_buffers` is held against the host's memory.",
    default: {},
  }),
  packages: Type.Array(Type.String({ description: 'Name of a package.' }), {
    description: 'Packages that will be installed: there must be one of that name on offer.',
    default: [],
  }),
  strangers: Type.Array(Type.String({ description: 'Name of a unit.', pattern: '^[A-Za-z0-9@._-]+$' }), {
    description: 'Units of other cluster managers; none of them may run.',
    default: [],
  }),
})
type Args = Static<typeof args>

/** What a host answered. */
export interface Preflight {
  readonly now: number
  readonly memoryKb: number
  /** Limit of its control group, bytes. */
  readonly limits: readonly number[]
  readonly freeKb: number
  readonly mount: string
  readonly hasData: boolean
  readonly taken: boolean
  readonly locales: readonly string[]
  readonly missing: readonly string[]
  readonly strangers: readonly string[]
}

/** Lines of NAME VALUE, as files/common/preflight.sh prints them. Pure. */
export function parsePreflight(text: string): Preflight {
  const pairs = text.split('\n').map((line) => line.split(' ') as [string, string?])
  const all = (name: string): readonly string[] =>
    pairs.flatMap(([key, value]) => (key === name && value !== undefined ? [value] : []))
  const number = (name: string): number => Number(all(name)[0] ?? Number.NaN)
  return {
    now: number('now'),
    memoryKb: number('memory_kb'),
    limits: all('limit').map(Number).filter(Number.isFinite),
    freeKb: number('free_kb'),
    mount: all('mount')[0] ?? '',
    hasData: all('data').length > 0,
    taken: all('taken').length > 0,
    locales: all('locale'),
    missing: all('missing'),
    strangers: all('stranger'),
  }
}

/** `en_US.UTF-8` and `en_US.utf8` are one locale to the C library. */
const sameLocale = (name: string): string => name.toLowerCase().replaceAll(/[-_.]/g, '')

/** These are built into the C library, whatever `locale -a` says. */
const BUILT_IN = ['C', 'POSIX', 'C.UTF-8'].map(sameLocale)

/** The least that a new data directory, its WAL and the packages need, KiB. */
const ROOM_KB = 1024 * 1024

/** Before it this code did not exist: a host that thinks so has a clock that was never set. */
const NEVER_SET = Date.UTC(2025, 0) / 1000

function memoryFault({ memoryKb, limits }: Preflight, settings: Args['settings']): readonly string[] {
  const wanted = settings['shared_buffers']
  const bytes =
    typeof wanted === 'string' || typeof wanted === 'number' ? bytesOf(String(wanted), '8kB') : undefined
  const memory = Math.min(memoryKb * 1024, ...limits)
  if (bytes === undefined || !(bytes > 0.8 * memory)) return []
  const mib = Math.round(memory / 1024 ** 2)
  return [
    `shared_buffers is ${String(wanted)}, and the host has ${mib} MiB of memory: at most four fifths of it can be shared`,
  ]
}

/** What is wrong with a host for what is wanted of it, one sentence each. Pure. */
export function preflightFaults(found: Preflight, wanted: Args): readonly string[] {
  const { locale, packages: _packages, port, settings } = wanted
  const isThere = (name: string): boolean =>
    [...BUILT_IN, ...found.locales.map(sameLocale)].includes(sameLocale(name))
  const always = [
    ...memoryFault(found, settings),
    ...found.strangers.map((unit) => `${unit} runs: another cluster manager has this host`),
    ...(found.now < NEVER_SET
      ? [`its clock was never set: it says ${new Date(found.now * 1000).toISOString()}`]
      : []),
  ]
  if (found.hasData) return always
  return [
    ...always,
    ...(found.taken
      ? [`port ${port} is taken, and not by a server of this cluster: there is no data directory yet`]
      : []),
    ...(locale !== undefined && found.locales.length > 0 && !isThere(locale)
      ? [`it has no locale ${locale}: initdb would refuse it`]
      : []),
    ...(found.freeKb < ROOM_KB
      ? [
          `${found.mount} has ${Math.round(found.freeKb / 1024)} MiB left: a new data directory and its WAL need 1024`,
        ]
      : []),
    ...found.missing.map((name) => `no package ${name} is on offer`),
  ]
}

/** The next thing to do about the first fault. */
const hintOf = ({ locale, data_dir }: Args): string =>
  `mend it on the host` +
  (locale === undefined
    ? ''
    : `; a locale is made by locale-gen, or choose another with cluster.postgres.locale`) +
  `; ss -ltnp tells who listens, df ${data_dir} who has room`

const refusal = (faults: readonly string[], wanted: Args): Diagnostic =>
  problem('refused/preflight', 'the host cannot carry what is wanted of it', {
    detail: faults.join('\n'),
    hint: hintOf(wanted),
  })

/** What must be true of a host before the first change of a deploy; changes nothing itself. */
export const preflight = defineModule({
  name: 'preflight',
  about:
    'Refuse a host that cannot carry a member: locale, port, room, memory, packages, other cluster managers, clock.',
  args,
  examples: [
    'preflight: { data_dir: /var/lib/postgresql/15/main, locale: en_US.UTF-8, strangers: [repmgrd] }',
  ],
  label: () => '',
  async current(probe, wanted) {
    const { data_dir, port, locale = '', strangers, packages } = wanted
    const argv = shell(
      'common/preflight.sh',
      data_dir,
      String(port),
      locale,
      strangers.join(' '),
      ...packages,
    )
    const { stdout } = await probe.run([...argv], { dependsOn: [] })
    return { faults: preflightFaults(parsePreflight(stdout), wanted) }
  },
  desired: () => ({ faults: [] }),
  steps: () => [],
  refuse: ({ faults }, _to, wanted) => refusal(faults, wanted),
})
