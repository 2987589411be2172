/**
 * Saves what the status reader of a real cluster was answered, as a case for status.test.ts:
 *
 *   npx tsx test/stacks/pacemaker/capture.ts INVENTORY SCENARIO
 *
 * The file's name carries the versions of the tools. A host that cannot be reached is `null`.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBench } from '../../../src/app/bench.ts'
import { nobody } from '../../../src/app/caller.ts'
import { openCluster } from '../../../src/app/target.ts'
import { factsOf } from '../../../src/stacks/pacemaker/derive.ts'
import { commandsOn } from '../../../src/stacks/pacemaker/readings.ts'

const [, , inventory = '', scenario = ''] = process.argv
const target = await openCluster(inventory, {}, nobody())
const bench = await openBench(target, { verbose: 0 }, nobody())
const facts = factsOf(target.cluster)
const witnesses = facts.witnesses.map((host) => host.name)
const hosts: Record<string, unknown> = {}
for (const { name, connection } of target.cluster.hosts) {
  const commands = Object.entries(commandsOn(facts, name))
  const session = bench.opened.sessions.get(name)
  const answers = await session?.transport.batch(
    commands.map(([, command]) => ({ ...command, okCodes: 'any' })),
  )
  hosts[name] = answers
    ? {
        address: connection.address,
        ...Object.fromEntries(
          commands.map(([key], index) => {
            const { code, stdout, stderr } = answers[index] ?? { code: 255, stdout: '', stderr: '' }
            return [key, { code, stdout, stderr }]
          }),
        ),
      }
    : null
}
await bench.opened.close()
const { name, replication, writer_vip, reader_vip, guard } = target.cluster.vars
const cluster = {
  name,
  stack: target.cluster.stack,
  replication,
  writer_vip,
  reader_vip,
  ...(guard && { guard }),
}
const at = new Date().toISOString()
const file = `${scenario}.pacemaker-2.1.5.postgresql-15.json`
writeFileSync(
  join(import.meta.dirname, 'captured', file),
  `${JSON.stringify({ scenario, at, cluster, hosts, ...(witnesses.length > 0 && { witnesses }) }, null, 1)}\n`,
)
console.log(`${file} written`)
