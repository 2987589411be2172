import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Caller } from '../../../src/app/caller.ts'
import { nobody } from '../../../src/app/caller.ts'
import type { Target } from '../../../src/app/target.ts'
import { HactlError, problem } from '../../../src/diag/diagnostic.ts'
import type { Cluster, Host } from '../../../src/inventory/inventory.ts'
import { factsOf } from '../../../src/stacks/patroni/derive.ts'
import { patroni } from '../../../src/stacks/patroni/index.ts'
import { commandsOf } from '../../../src/stacks/patroni/readings.ts'
import { fakeTransport, type FakeTransport } from '../../../src/transport/fake.ts'
import type { CommandResult } from '../../../src/transport/transport.ts'
import { clusterOf, host } from '../../stacks/patroni/cluster.ts'

const CAPTURED = join(import.meta.dirname, '../../stacks/patroni/captured')

type Answers = Readonly<Record<string, CommandResult>>

interface Capture {
  readonly cluster: Readonly<Record<string, unknown>> & {
    readonly postgres: { readonly settings: Readonly<Record<string, unknown>> }
  }
  readonly hosts: Readonly<Record<string, (Answers & { readonly address: string }) | null>>
}

/** What the profile gave when they were captured. */
const THEN = { wal_sender_timeout: '30s' }

/** What a cluster answered once, on hosts that exist only as that. */
export interface Stage {
  readonly target: Target & { readonly cluster: Cluster }
  readonly caller: Caller
  readonly sent: ReadonlyMap<string, FakeTransport>
  /** The same cluster in another state: its hosts answer from now on as they did there. */
  readonly turn: (scenario: string) => void
}

const captureOf = (scenario: string): Capture => {
  const file = readdirSync(CAPTURED).find((name) => name.startsWith(`${scenario}.`)) ?? scenario
  return JSON.parse(readFileSync(join(CAPTURED, file), 'utf8')) as Capture
}

/** A host's answers, by what was asked. */
function answersOf(
  cluster: Cluster,
  name: string,
  answers: Answers | null,
): ReadonlyMap<string, CommandResult> {
  return new Map(
    Object.entries(commandsOf(factsOf(cluster), name)).flatMap(([key, { argv }]) => {
      const answer = answers?.[key]
      return answer ? [[JSON.stringify(argv), answer] as const] : []
    }),
  )
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'hactl-app-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

const targetOf = (cluster: Cluster, dir: string, hosts: readonly Host[]): Stage['target'] => ({
  inventory: {
    file: join(dir, 'inventory.yml'),
    dir,
    hosts: new Map(cluster.hosts.map((each) => [each.name, each])),
    groups: new Map([['all', cluster.hosts.map(({ name }) => name)]]),
    clusters: [cluster],
    secrets: [],
  },
  cluster,
  stack: patroni,
  hosts,
  vars: { cluster: { name: cluster.name } },
})

/** Sets a captured cluster up; `limit`: only these hosts may be changed; `lost`: these cannot be reached. */
export function stage(
  scenario: string,
  { limit, lost = [] }: { readonly limit?: readonly string[]; readonly lost?: readonly string[] } = {},
): Stage {
  const { cluster: written, hosts: captured } = captureOf(scenario)
  const hosts = Object.entries(captured).map(([name, answers], index) =>
    host(name, answers?.address ?? `10.77.0.${11 + index}`),
  )
  const { postgres } = written
  const settings = { ...THEN, ...postgres.settings }
  const cluster = clusterOf({ ...written, postgres: { ...postgres, settings } }, hosts)
  const known = new Map<string, ReadonlyMap<string, CommandResult>>()
  const turn = (to: string): void => {
    for (const [name, answers] of Object.entries(captureOf(to).hosts))
      known.set(name, answersOf(cluster, name, answers))
  }
  turn(scenario)
  const sent = new Map<string, FakeTransport>()
  const caller: Caller = {
    ...nobody(),
    connect: async ({ host: name }) => {
      if (lost.includes(name)) throw new HactlError(problem('ssh/timeout', `${name}: no answer`), 4)
      const transport = fakeTransport({
        host: name,
        respond: ({ argv }) =>
          argv[3] === 'hactl-lock'
            ? { stdout: 'TAKEN\n' }
            : (known.get(name)?.get(JSON.stringify(argv)) ?? {}),
      })
      sent.set(name, transport)
      return transport
    },
  }
  const chosen = hosts.filter(({ name }) => limit === undefined || limit.includes(name))
  return { target: targetOf(cluster, folder(), chosen), caller, sent, turn }
}

/** A playbook of a test, beside its inventory. */
export function playbookIn({ target }: Stage, text: string): string {
  const file = join(target.inventory.dir, 'playbook.yml')
  writeFileSync(file, text)
  return file
}
