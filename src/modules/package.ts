import type { Static } from 'typebox'
import { problem } from '../diag/diagnostic.ts'
import { IMPACTS } from '../engine/impact.ts'
import { defineModule } from '../engine/module.ts'
import type { Probe } from '../engine/probe.ts'
import { runWith } from '../engine/step.ts'
import type { Step } from '../engine/step.ts'
import { DURATION_PATTERN, parseDuration } from '../lib/duration.ts'
import { shell } from '../lib/program.ts'
import { Type } from '../lib/type.ts'
import { APT_ENV } from './lib/apt-script.ts'
import { alsoRemoved, indexAge, updates } from './lib/package-reads.ts'
import { packages } from './readings/packages.ts'
import type { PackageFamily } from './readings/packages.ts'

const NAME = '^[A-Za-z0-9][A-Za-z0-9+_.:-]*$'

const args = Type.Object({
  name: Type.Unsafe<string | readonly string[]>({
    description: 'Package, or a list of packages that are handled in one go.',
    type: ['string', 'array'],
    pattern: NAME,
    items: { type: 'string', pattern: NAME },
    minItems: 1,
  }),
  state: Type.Enum(['present', 'absent', 'latest'], {
    description: '`latest` also installs newer versions. `absent` keeps configuration files.',
    default: 'present',
  }),
  update_cache: Type.String({
    description: 'The package index is updated before something is installed when it is older than this.',
    default: '1d',
    pattern: DURATION_PATTERN,
  }),
  start: Type.Boolean({
    description: 'Whether packages may start their services while they are installed (Debian family).',
    default: true,
  }),
  recommends: Type.Boolean({
    description: 'Whether recommended packages are installed too.',
    default: true,
  }),
  impact: Type.Enum(IMPACTS, {
    description:
      'What the change interrupts, e.g. `restart-primary` where an update restarts the server; the plan shows it.',
    default: 'none',
  }),
})
type Args = Static<typeof args>

interface PackageState {
  readonly [field: string]: unknown
  readonly family: PackageFamily
  /** `absent`, `present`, `latest`, or both versions when a newer one is on offer. */
  readonly packages: Readonly<Record<string, string>>
  /** Whether the index is young enough; only compared for `latest`. */
  readonly index: 'fresh' | 'old'
  readonly also_removed: readonly string[]
}

const namesOf = ({ name }: Args): readonly string[] => (typeof name === 'string' ? [name] : name)

async function current(probe: Probe, given: Args): Promise<PackageState> {
  const names = namesOf(given)
  const [age, ...found] = await Promise.all([
    indexAge(probe),
    ...names.map((name) => probe.ask(packages, name)),
  ])
  const family = found[0]?.family ?? 'apt'
  const installed = new Map(
    names.flatMap((name, i) => {
      const version = found[i]?.version
      return version === undefined ? [] : [[name, version] as const]
    }),
  )
  const newer = given.state === 'latest' ? await updates(probe, family, installed) : new Map<string, string>()
  const gone = given.state === 'absent' ? await alsoRemoved(probe, family, [...installed.keys()]) : []
  const stateOf = (name: string): string => {
    const version = installed.get(name)
    if (version === undefined) return 'absent'
    const offered = newer.get(name)
    if (offered !== undefined) return `${version}, ${offered} is on offer`
    return given.state === 'latest' ? 'latest' : 'present'
  }
  const limit = parseDuration(given.update_cache) ?? 0
  const fresh = family === 'dnf' || (age !== undefined && age <= limit)
  return {
    family,
    packages: Object.fromEntries(names.map((name) => [name, stateOf(name)])),
    index: fresh ? 'fresh' : 'old',
    also_removed: gone,
  }
}

/** They fetch from repositories: the host's proxy settings hold for them. */
const LONG = { timeoutMs: 1_800_000, network: true as const }

const options = ({ impact }: Args) => ({ ...LONG, ...(impact !== 'none' && { impact }) })

function aptSteps(verb: string, names: readonly string[], from: PackageState, given: Args): Step[] {
  const flags = given.recommends ? [] : ['--no-install-recommends']
  const hold = given.start ? 'free' : 'hold'
  const apt = (...more: readonly string[]): Step =>
    runWith({ ...options(given), env: APT_ENV }, ...shell('debian/apt.sh', hold, ...more, '--', ...names))
  if (verb === 'remove') return [apt('remove')]
  const update = runWith({ ...LONG, env: APT_ENV }, ...shell('debian/apt.sh', 'update'))
  return [...(from.index === 'old' ? [update] : []), apt(...flags, 'install')]
}

function dnfSteps(verb: string, names: readonly string[], given: Args): Step[] {
  const seconds = Math.round((parseDuration(given.update_cache) ?? 0) / 1000)
  if (verb === 'remove') {
    return [
      runWith(
        options(given),
        'dnf',
        '-y',
        '-q',
        '--setopt=clean_requirements_on_remove=0',
        'remove',
        ...names,
      ),
    ]
  }
  const flags = [
    `--setopt=metadata_expire=${seconds}`,
    `--setopt=install_weak_deps=${given.recommends ? 1 : 0}`,
  ]
  return [runWith(options(given), 'dnf', '-y', '-q', ...flags, verb, ...names)]
}

function steps(from: PackageState, to: Partial<PackageState>, given: Args): readonly Step[] {
  const differing = Object.entries(to.packages ?? {}).flatMap(([name, wanted]) =>
    from.packages[name] === wanted ? [] : [name],
  )
  if (given.state === 'absent') {
    return from.family === 'apt'
      ? aptSteps('remove', differing, from, given)
      : dnfSteps('remove', differing, given)
  }
  // A new index may offer versions that the old one did not: then all of them are looked at again.
  const names = given.state === 'latest' && from.index === 'old' ? namesOf(given) : differing
  if (from.family === 'apt') return aptSteps('install', names, from, given)
  const absent = names.filter((name) => from.packages[name] === 'absent')
  const old = names.filter((name) => from.packages[name] !== 'absent')
  return [
    ...(absent.length > 0 ? dnfSteps('install', absent, given) : []),
    ...(old.length > 0 ? dnfSteps('upgrade', old, given) : []),
  ]
}

/** Packages of the host's own package manager. */
export const packageModule = defineModule({
  name: 'package',
  about: 'Keep packages installed, up to date, or absent (apt and dnf).',
  args,
  examples: [
    'package: { name: chrony }',
    `package:
  name: [corosync, resource-agents]
  start: false
  update_cache: 1h`,
  ],
  label: (given) => namesOf(given).join(' '),
  current,
  desired: (given): Partial<PackageState> => ({
    packages: Object.fromEntries(namesOf(given).map((name) => [name, given.state])),
    ...(given.state === 'latest' && { index: 'fresh' as const }),
  }),
  steps,
  refuse: (from, _to, given) =>
    from.also_removed.length > 0
      ? problem(
          'package/would-remove-others',
          `removing ${namesOf(given).join(', ')} would also remove ${from.also_removed.join(', ')}`,
          { hint: 'name those too when they are meant to go' },
        )
      : undefined,
  timeoutMs: 1_800_000,
})
