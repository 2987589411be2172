import type { Static } from 'typebox'
import { problem } from '../diag/diagnostic.ts'
import { defineModule } from '../engine/module.ts'
import { runWith } from '../engine/step.ts'
import type { Step } from '../engine/step.ts'
import { Type } from '../lib/type.ts'
import { notAFile, readFile, writeSteps } from './lib/files.ts'
import type { FileState } from './lib/files.ts'
import { sameBlanks, sysctl as reading, sysctlPath } from './readings/sysctl.ts'

const setting = Type.Unsafe<string | number>({ type: ['string', 'number'], description: 'Value.' })

const args = Type.Object({
  name: Type.String({
    description: 'Stem of the file `/etc/sysctl.d/NAME.conf`, which holds these settings and nothing else.',
    default: '90-hactl',
    pattern: '^[A-Za-z0-9_.-]+$',
  }),
  settings: Type.Map(setting, {
    description: 'Kernel settings by name, e.g. `vm.swappiness: 1`.',
    minProperties: 1,
    propertyNames: { pattern: '^[a-z0-9_]+([./][A-Za-z0-9_-]+)+$' },
  }),
  ignore_unwritable: Type.Boolean({
    description: 'Leave out running values that cannot be changed here, as in a container.',
    default: false,
  }),
})
type Args = Static<typeof args>

interface SysctlState extends FileState {
  readonly running: Readonly<Record<string, string | undefined>>
  /** Settings that the kernel does not have or does not let us change. */
  readonly fixed: readonly string[]
}

const pathOf = ({ name }: Args): string => `/etc/sysctl.d/${name}.conf`

const entriesOf = ({ settings }: Args): (readonly [string, string])[] =>
  Object.entries(settings).map(([key, value]) => [key, sameBlanks(String(value))] as const)

const contentOf = (given: Args): string =>
  entriesOf(given)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('')

/** Written as the kernel takes it; the arguments are the file and the value. */
const set = (key: string, value: string): Step =>
  runWith({ inline: true }, 'sh', '-c', 'printf "%s\\n" "$2" >"$1"', 'sysctl', sysctlPath(key), value)

/** Kernel settings, now and after a boot. */
export const sysctl = defineModule({
  name: 'sysctl',
  about: 'Keep kernel settings, in a file for the next boot and in the running kernel.',
  args,
  examples: ['sysctl: { settings: { vm.swappiness: 1, vm.overcommit_memory: 2 }, ignore_unwritable: true }'],
  async current(probe, given): Promise<SysctlState> {
    const keys = entriesOf(given).map(([key]) => key)
    const [found, ...values] = await Promise.all([
      readFile(probe, pathOf(given), contentOf(given), {}),
      ...keys.map((key) => probe.ask(reading, key)),
    ])
    return {
      ...found,
      running: Object.fromEntries(keys.map((key, i) => [key, values[i]?.value])),
      fixed: keys.filter((_, i) => values[i]?.writable !== true),
    }
  },
  desired(given, { fixed }): Partial<SysctlState> {
    const left = entriesOf(given).filter(([key]) => !(given.ignore_unwritable && fixed.includes(key)))
    return { content: contentOf(given), running: Object.fromEntries(left) }
  },
  steps: (from, to, given) => [
    ...writeSteps(pathOf(given), from, to),
    ...Object.entries(to.running ?? {}).flatMap(([key, value]) =>
      value === undefined || value === from.running[key] ? [] : [set(key, value)],
    ),
  ],
  refuse(from, to, given) {
    const stuck = Object.keys(to.running ?? {}).find(
      (key) => from.fixed.includes(key) && to.running?.[key] !== from.running[key],
    )
    if (stuck === undefined) return notAFile(pathOf(given), from.type)
    const why = from.running[stuck] === undefined ? 'is not known to this kernel' : 'cannot be changed here'
    return problem('sysctl/unwritable', `${stuck} ${why}`, {
      hint: 'in a container set it on the machine below, or add `ignore_unwritable: true`',
    })
  },
  touches: (given) => [
    `file:${pathOf(given)}`,
    ...Object.keys(given.settings).map((key) => `sysctl:${key}` as const),
  ],
  textFields: ['content'],
})
