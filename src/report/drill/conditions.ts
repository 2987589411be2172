import type { DrillResult, HostFacts, Origin } from '../../cluster/drill/result.ts'
import { quoteAll } from '../../lib/quote.ts'
import { html, type Html, type Piece } from './html.ts'
import { pageTable, pairs } from './table.ts'
import { ABSENT, moment } from './words.ts'

const machine = ({ system, kernel, cpus, memoryMb }: Omit<HostFacts, 'packages'>): string =>
  `${system}, kernel ${kernel}, ${cpus} CPUs, ${(memoryMb / 1024).toFixed(1)} GiB`

const packages = (facts: HostFacts): string =>
  Object.entries(facts.packages)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')

/** Hosts that are alike stand in one row. */
function hostRows(hosts: Origin['environment']['hosts']): readonly (readonly [string, Piece])[] {
  const alike = new Map<string, string[]>()
  for (const [name, facts] of Object.entries(hosts)) {
    const text = [machine(facts), packages(facts)].filter((part) => part !== '').join('; ')
    alike.set(text, [...(alike.get(text) ?? []), name])
  }
  return [...alike].map(([text, names]) => [names.join(', '), text])
}

const clients = ({ clients: given }: Origin): string =>
  `${given.rate} writes a second over ${given.connections} connections to ${given.target.join(', ')}; ` +
  `patience ${given.connectTimeoutMs} ms for a connection, ${given.answerTimeoutMs} ms for an answer; readers at ${given.readers.join(', ')}`

const addresses = ({ addresses: given }: Origin): string =>
  Object.entries(given)
    .map(([name, address]) => `${name} ${address}`)
    .join(', ') || 'none'

const environment = (origin: Origin): Html =>
  pairs('Environment', [
    ['Began', `${moment(origin.at)}, by ${origin.by}, drill ${origin.drill}`],
    ['Cluster', `${origin.cluster}, stack ${origin.stack}, replication ${origin.mode}`],
    [
      'Hosts',
      origin.lab === undefined ? 'no lab' : `lab ${origin.lab}: all hosts share one machine and one clock`,
    ],
    ['Virtual addresses', addresses(origin)],
    [
      'Versions',
      `PostgreSQL ${origin.versions.postgres ?? ABSENT}, hactl ${origin.versions.hactl}, Node.js ${origin.versions.node}`,
    ],
    ['Clients', clients(origin)],
    ['hactl and clients ran on', machine(origin.environment.machine)],
    ...hostRows(origin.environment.hosts),
  ])

const list = (caption: string, settings: Readonly<Record<string, string>>): Html | undefined => {
  const entries = Object.entries(settings)
  if (entries.length === 0) return undefined
  return pageTable(
    caption,
    [
      { title: 'Setting', cell: ([name]) => html`<code>${name}</code>` },
      { title: 'Value', cell: ([, value]) => html`<code>${value === '' ? '(empty)' : value}</code>` },
    ],
    entries,
  )
}

const one = (origin: Origin): Html =>
  html`${environment(origin)}
    <p class="repeat">The whole drill again: <code>${quoteAll(origin.command)}</code></p>
    <div class="beside">
      ${list('Settings of the cluster that matter', origin.settings.cluster)}
      ${list('Settings of PostgreSQL that matter, on the primary', origin.settings.postgres)}
    </div>`

/** What the numbers depend on, and how to make them again; of each drill when several were merged. */
export function conditions(result: DrillResult): Html {
  const origins = result.merged ?? [result]
  return html`<section id="conditions">
    <h2>Conditions</h2>
    ${origins.map((origin, at) =>
      origins.length === 1
        ? one(origin)
        : html`<details${at === 0 && html` open`}><summary><b>Drill ${origin.drill}</b> &middot; ${moment(origin.at)}</summary>
${one(origin)}</details>
`,
    )}
  </section>`
}

const WORDS = [
  ['lost', 'acknowledged to a client, and absent: must be 0 wherever a standby confirms commits'],
  [
    'ghost',
    'not acknowledged, and present: a client that got no answer must look before it writes again. Allowed, counted',
  ],
  ['no writes for', 'the longest time without an acknowledged write after the fault, over all clients'],
  [
    'p50, p95, max',
    'median, 95th percentile by nearest rank, and longest. With fewer than 20 runs p95 is the longest one',
  ],
  [
    'at 95 %',
    'were the true share of runs that lose a write greater than this, so good a result would come up in fewer than one of 20 such drills',
  ],
] as const

/** What the words of the page mean. */
export const glossary = (): Html =>
  html`<section id="words">
    <h2>Words</h2>
    <dl>
      ${WORDS.map(
        ([word, meaning]) =>
          html`<dt>${word}</dt>
            <dd>${meaning}</dd> `,
      )}
    </dl>
  </section>`
