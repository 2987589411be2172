import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { doctorSchema } from '../src/cluster/doctor/schema.ts'
import { drillSchema } from '../src/cluster/drill/result-schema.ts'
import { statusSchema } from '../src/cluster/status-schema.ts'
import { playbookSchema, taskKeys } from '../src/engine/playbook-schema.ts'
import { inventorySchema, varsSchema } from '../src/inventory/schema.ts'
import { REGISTRY } from '../src/modules/index.ts'
import { authoring, publishable } from '../src/schema/build.ts'
import { STACKS } from '../src/stacks/index.ts'

const ROOT = resolve(import.meta.dirname, '..')
const FOLDER = join(ROOT, 'schemas')

const version = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version
const major = version.split('.')[0] ?? '0'

/** The published text of one schema. */
function publish(name: string, title: string, schema: object): string {
  const head = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: `https://unpkg.com/hactl@${major}/schemas/${name}.schema.json`,
    title,
  }
  return `${JSON.stringify({ ...head, ...(publishable(schema) as object) }, undefined, 2)}\n`
}

/** Playbooks with every module: its arguments, in which templates may stand, and what it does. */
function playbooks(): object {
  const modules = [...REGISTRY.modules.values()].map(({ spec }) => {
    const args = authoring(spec.args) as Record<string, unknown>
    return [spec.name, { ...args, description: spec.about }] as const
  })
  const task = {
    type: 'object',
    description: 'A name, exactly one module with its arguments, and keywords.',
    required: ['name'],
    properties: { ...taskKeys, ...Object.fromEntries(modules.toSorted(([a], [b]) => (a < b ? -1 : 1))) },
    additionalProperties: false,
  }
  const root = structuredClone(publishable(playbookSchema)) as {
    properties: { plays: { items: { properties: Record<string, { items?: unknown }> } } }
  }
  const play = root.properties.plays.items.properties
  for (const key of ['tasks', 'handlers']) play[key] = { ...play[key], items: { $ref: '#/definitions/task' } }
  return { ...root, definitions: { task } }
}

const stacks = STACKS.map(({ name, about, vars }) => ({ name, about, vars: authoring(vars) }))

const wanted = new Map<string, string>([
  ['inventory', publish('inventory', 'Inventory of hactl', inventorySchema(stacks))],
  ['vars', publish('vars', 'Variables of hosts of hactl', varsSchema(stacks))],
  ['playbook', publish('playbook', 'Playbook or runbook of hactl', playbooks())],
  ['status', publish('status', 'Status of a cluster as hactl prints it', statusSchema)],
  ['doctor', publish('doctor', 'Result of hactl doctor', doctorSchema)],
  ['drill', publish('drill', 'Result of hactl drill', drillSchema)],
  ...stacks.map(
    ({ name, vars }) => [name, publish(name, `The variable cluster of the stack ${name}`, vars)] as const,
  ),
])

const stale: string[] = []
for (const [name, text] of wanted) {
  const file = join(FOLDER, `${name}.schema.json`)
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue
  stale.push(`schemas/${name}.schema.json`)
  if (!process.argv.includes('--check')) writeFileSync(file, text)
}
const strays = readdirSync(FOLDER).filter((file) => !wanted.has(file.replace('.schema.json', '')))

if (process.argv.includes('--check') && stale.length + strays.length > 0) {
  for (const file of stale) console.error(`${file} is stale`)
  for (const file of strays) console.error(`schemas/${file} belongs to nothing`)
  console.error('run: npm run schemas')
  process.exitCode = 1
} else {
  for (const file of stale) console.log(`wrote ${file}`)
}
