import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { diagnose } from '../../../src/cluster/doctor/diagnose.ts'
import type { Diagnosis } from '../../../src/cluster/doctor/finding.ts'
import type { RawHost, StackDoctor } from '../../../src/cluster/doctor/site.ts'
import type { Cluster, Host } from '../../../src/inventory/inventory.ts'
import { belonging } from '../../../src/inventory/belonging.ts'
import { fillDefaults } from '../../../src/schema/build.ts'
import { STACKS } from '../../../src/stacks/index.ts'

/** What was read of a real cluster in which an incident was staged; test/lab/incidents/staged.ts writes them. */
export interface Capture {
  readonly incident: string
  /** What the first finding must be. */
  readonly code: string
  readonly at: string
  readonly cluster: Readonly<Record<string, unknown>> & { readonly name: string; readonly stack: string }
  readonly unread: Readonly<Record<string, string>>
  readonly hosts: Readonly<
    Record<
      string,
      { readonly address: string; readonly groups: readonly string[]; readonly raw: RawHost | null }
    >
  >
}

const CAPTURED = join(import.meta.dirname, 'captured')

/** Every captured incident, by the name of its file. */
export const captures: ReadonlyMap<string, Capture> = new Map(
  readdirSync(CAPTURED)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [
      name.replace('.json', ''),
      JSON.parse(readFileSync(join(CAPTURED, name), 'utf8')) as Capture,
    ]),
)

const hostOf = (name: string, { address, groups }: Capture['hosts'][string]): Host => ({
  name,
  groups,
  vars: { nic: 'eth0' },
  connection: {
    host: name,
    kind: 'ssh',
    address,
    become: false,
    becomeUser: 'root',
    connectTimeoutMs: 10_000,
  },
})

/** The doctor of a stack. */
export function doctorOf(name: string): StackDoctor {
  const doctor = STACKS.find((stack) => stack.name === name)?.doctor
  if (!doctor) throw new Error(`no doctor for ${name}`)
  return doctor
}

/** The cluster a capture was made of, with the defaults of its stack. */
export function clusterOf({ cluster, hosts }: Capture): Cluster {
  const stack = STACKS.find((each) => each.name === cluster.stack)
  if (!stack) throw new Error(`no stack ${cluster.stack}`)
  return {
    name: cluster.name,
    stack: cluster.stack,
    group: 'all',
    vars: fillDefaults(stack.vars, cluster) as Cluster['vars'],
    ...belonging(
      Object.entries(hosts).map(([name, host]) => hostOf(name, host)),
      stack.groups,
    ),
    where: () => undefined,
  }
}

const judged = new Map<Capture, Diagnosis>()

/** The diagnosis of a capture; made once. */
export function diagnosisOf(capture: Capture): Diagnosis {
  const found = judged.get(capture) ?? judge(capture)
  judged.set(capture, found)
  return found
}

const judge = (capture: Capture): Diagnosis =>
  diagnose(doctorOf(capture.cluster.stack), clusterOf(capture), {
    at: capture.at,
    hosts: new Map(
      Object.entries(capture.hosts).flatMap(([name, { raw }]) => (raw ? [[name, raw] as const] : [])),
    ),
    unread: new Map(Object.entries(capture.unread)),
  })
