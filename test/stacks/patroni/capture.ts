/**
 * Saves what the status reader of a real cluster was answered, as a case for status.test.ts:
 *
 *   npx tsx test/stacks/patroni/capture.ts INVENTORY SCENARIO [LABEL]
 *
 * The file's name carries the versions of the tools, or the label. A host that cannot be reached is `null`.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBench } from '../../../src/cli/engine.ts'
import { openCluster } from '../../../src/cli/target.ts'
import { factsOf } from '../../../src/stacks/patroni/derive.ts'
import { commandsOf } from '../../../src/stacks/patroni/readings.ts'

const [, , inventory = '', scenario = '', label] = process.argv
const target = await openCluster(inventory, {})
const bench = await openBench(target, { verbose: 0 })
const facts = factsOf(target.cluster)
const read = async ({ name, connection }: (typeof target.cluster.hosts)[number]) => {
  const commands = Object.entries(commandsOf(facts, name))
  const session = bench.opened.sessions.get(name)
  const answers = await session?.transport.batch(
    commands.map(([, command]) => ({ ...command, okCodes: 'any' })),
  )
  if (!answers) return null
  const results = commands.map(([key], index) => {
    const { code, stdout, stderr } = answers[index] ?? { code: 255, stdout: '', stderr: '' }
    return [key, { code, stdout, stderr }] as const
  })
  return { address: connection.address, ...Object.fromEntries(results) }
}
const hosts = Object.fromEntries(
  await Promise.all(target.cluster.hosts.map(async (host) => [host.name, await read(host)] as const)),
)
await bench.opened.close()
const { name, replication, timing, writer_vip, routing, patroni, etcd, postgres } = target.cluster.vars
const plain = JSON.parse(JSON.stringify(postgres)) as Record<string, unknown>
const cluster = {
  name,
  stack: target.cluster.stack,
  postgres: { version: plain['version'], settings: plain['settings'] },
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
const versionOf = (pattern: RegExp): string =>
  /(\d+(?:\.\d+)+)/.exec(pattern.exec(JSON.stringify(hosts))?.[0] ?? '')?.[1] ?? ''
const patroniVersion = versionOf(/patroni\W+version\W+[\d.]+/)
const versions = `${patroniVersion === '' ? '' : `patroni-${patroniVersion}.`}postgresql-${String(plain['version'])}`
const file = `${scenario}.${label ?? versions}.json`
writeFileSync(
  join(import.meta.dirname, 'captured', file),
  `${JSON.stringify({ scenario, at: new Date().toISOString(), cluster, tags, hosts }, null, 1)}\n`,
)
console.log(`${file} written`)
