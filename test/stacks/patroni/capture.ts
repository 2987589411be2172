/**
 * Saves what the status reader of a real cluster was answered, as a case for status.test.ts:
 *
 *   npx tsx test/stacks/patroni/capture.ts INVENTORY SCENARIO [LABEL]
 *
 * The file's name carries the versions of the tools, or the label. A host that cannot be reached is `null`. Without a
 * scenario, each line of standard input is one: the connections are open already, for what passes within seconds.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openBench } from '../../../src/app/bench.ts'
import { nobody } from '../../../src/app/caller.ts'
import { openCluster } from '../../../src/app/target.ts'
import { factsOf } from '../../../src/stacks/patroni/derive.ts'
import { commandsOf } from '../../../src/stacks/patroni/readings.ts'

const [, , inventory = '', scenario, label] = process.argv
const target = await openCluster(inventory, {}, nobody())
const bench = await openBench(target, { verbose: 0 }, nobody())
const facts = factsOf(target.cluster)

const read = async ({ name, connection }: (typeof target.cluster.hosts)[number]) => {
  const commands = Object.entries(commandsOf(facts, name))
  const answers = await bench.opened.sessions
    .get(name)
    ?.transport.batch(
      commands.map(([, command]) => ({ ...command, okCodes: 'any' })),
      { signal: AbortSignal.timeout(30_000) },
    )
    .catch(() => undefined)
  if (!answers) return null
  const results = commands.map(([key], index) => {
    const { code, stdout, stderr } = answers[index] ?? { code: 255, stdout: '', stderr: '' }
    return [key, { code, stdout, stderr }] as const
  })
  return { address: connection.address, ...Object.fromEntries(results) }
}

const { name, replication, timing, writer_vip, routing, patroni, etcd, postgres } = target.cluster.vars
const { version, settings } = JSON.parse(JSON.stringify(postgres)) as Record<string, unknown>
const cluster = {
  name,
  stack: target.cluster.stack,
  postgres: { version, settings },
  replication,
  timing,
  writer_vip,
  routing,
  patroni,
  etcd,
}
const tags = Object.fromEntries(
  target.cluster.hosts.flatMap(({ name: host, vars }) => (vars['tags'] ? [[host, vars['tags']]] : [])),
)
// Hosts beside the members; all others are in the group `postgres` alone.
const groups = Object.fromEntries(
  target.cluster.hosts.flatMap(({ name: host, groups: all }) =>
    all.includes('postgres') ? [] : [[host, all.filter((group) => group !== 'all')]],
  ),
)

async function capture(title: string): Promise<void> {
  const at = new Date().toISOString()
  const hosts = Object.fromEntries(
    await Promise.all(target.cluster.hosts.map(async (host) => [host.name, await read(host)] as const)),
  )
  const [, found = ''] = /patroni\W+version\W+([\d.]+)/.exec(JSON.stringify(hosts)) ?? []
  const versions = `${found === '' ? '' : `patroni-${found}.`}postgresql-${String(version)}`
  const file = `${title}.${label ?? versions}.json`
  writeFileSync(
    join(import.meta.dirname, 'captured', file),
    `${JSON.stringify({ scenario: title, at, cluster, tags, groups, hosts }, null, 1)}\n`,
  )
  console.log(`${file} written`)
}

if (scenario !== undefined) await capture(scenario)
else for await (const line of createInterface({ input: process.stdin })) await capture(line.trim())
await bench.opened.close()
