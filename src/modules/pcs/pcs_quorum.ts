import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import { runWith } from '../../engine/step.ts'
import type { Step } from '../../engine/step.ts'
import { differences } from '../../engine/diff.ts'
import { Type } from '../../lib/type.ts'
import { units } from '../readings/units.ts'
import { CLUSTER_FILES, readCorosync } from './host.ts'
import type { Wanted } from './patch.ts'
import { comparable, settings, textsOf } from './values.ts'

const device = Type.Object(
  {
    host: Type.String({
      description: 'Host of the quorum device; the name must resolve on every member.',
      minLength: 1,
    }),
    algorithm: Type.Enum(['ffsplit', 'lms'], {
      description: 'How it gives its vote: to one half (ffsplit) or to the last that is left (lms).',
      default: 'ffsplit',
    }),
  },
  { description: 'The quorum device. pcs_auth must know its host.' },
)

const args = Type.Object({
  options: settings('Quorum options: auto_tie_breaker, wait_for_all, …, 0 or 1; null removes one.'),
  device: Type.Optional(device),
  no_device: Type.Boolean({ description: 'Remove a quorum device that is there.', default: false }),
})
type Args = Static<typeof args>

interface QuorumState {
  readonly [field: string]: unknown
  readonly options: Wanted
  /** `HOST ffsplit`, or `none`. */
  readonly device: string
  readonly running: boolean
}

const pending = ({ options }: QuorumState, all: Args): Readonly<Record<string, string | null>> =>
  Object.fromEntries(
    Object.entries(comparable(textsOf(all.options), options)).filter(
      ([name, value]) => (options[name] ?? null) !== value,
    ),
  )

const wantedDevice = ({ device: wanted, no_device }: Args): string | undefined =>
  wanted ? `${wanted.host} ${wanted.algorithm}` : no_device ? 'none' : undefined

const LONG = { timeoutMs: 180_000 }

function* change(from: QuorumState, all: Args): Generator<Step> {
  const options = Object.entries(pending(from, all)).map(([name, value]) => `${name}=${value ?? ''}`)
  if (options.length > 0) yield runWith(LONG, 'pcs', 'quorum', 'update', ...options)
  const wanted = wantedDevice(all)
  if (wanted === undefined || wanted === from.device) return
  // `device update` needs a stopped cluster; taking it out and adding it again does not.
  if (from.device !== 'none') yield runWith(LONG, 'pcs', 'quorum', 'device', 'remove')
  if (!all.device) return
  const { host, algorithm } = all.device
  const model = ['model', 'net', `host=${host}`, `algorithm=${algorithm}`]
  yield runWith(LONG, 'pcs', 'quorum', 'device', 'add', ...model)
}

/** Options of votequorum and the quorum device. */
export const pcsQuorum = defineModule<typeof args, QuorumState>({
  name: 'pcs_quorum',
  about: 'Keep quorum options and the quorum device of an existing cluster. Run it once.',
  args,
  examples: [
    'pcs_quorum:\n  device: { host: witness1, algorithm: ffsplit }',
    'pcs_quorum: { options: { wait_for_all: 1 } }',
  ],
  label: (all) => [wantedDevice(all), ...Object.keys(all.options)].filter(Boolean).join(' '),
  async current(probe) {
    const [corosync, unit] = await Promise.all([readCorosync(probe), probe.ask(units, 'corosync')])
    if (!corosync || corosync.stock) throw new NotYet('there is no cluster on this host yet')
    const { quorum, device: found } = corosync.conf
    const host = found['host']
    return {
      options: quorum,
      device: host === undefined ? 'none' : `${host} ${found['algorithm'] ?? ''}`.trim(),
      running: unit.active === 'active',
    }
  },
  desired(all, from) {
    const wanted = wantedDevice(all)
    return {
      options: comparable(textsOf(all.options), from.options),
      ...(wanted !== undefined && { device: wanted }),
    }
  },
  refuse(from, to, all) {
    if (!from.running || differences(from.options, to.options ?? {}).length === 0) return undefined
    const words = Object.entries(pending(from, all)).map(([name, value]) => `${name}=${value ?? ''}`)
    return problem('pcs/quorum-while-running', 'quorum options change only while the cluster is stopped', {
      hint: `in a maintenance window: pcs cluster stop --all; pcs quorum update ${words.join(' ')}; pcs cluster start --all`,
    })
  },
  steps: (from, _, all) => [...change(from, all)],
  touches: () => CLUSTER_FILES,
  timeoutMs: 600_000,
})
