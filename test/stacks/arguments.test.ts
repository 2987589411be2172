import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadPlaybook } from '../../src/engine/playbook.ts'
import { REGISTRY } from '../../src/modules/index.ts'

const FOLDER = join(import.meta.dirname, '../../playbooks')
const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.yml'),
)

/** Arguments that say which server is meant. Their defaults are for playbooks of users with one server of their own. */
const WHICH = ['port', 'version', 'name', 'cluster_name', 'data_dir'] as const

/** The server's own modules: those that take its port and account. */
const isOfServer = (properties: Readonly<Record<string, unknown>>): boolean =>
  'port' in properties && 'account' in properties

test('no task of a stack leaves to a default which server it means', () => {
  const missing = files.flatMap((file) => {
    const { plays } = loadPlaybook(join(FOLDER, file), REGISTRY)
    return plays.flatMap(({ tasks, handlers }) =>
      [...tasks, ...handlers].flatMap((task) => {
        const { properties = {} } = REGISTRY.modules.get(task.module)?.spec.args ?? {}
        if (!isOfServer(properties)) return []
        return WHICH.filter((name) => name in properties && !(name in task.args)).map(
          (name) => `${file}: ${task.name}: ${task.module}.${name}`,
        )
      }),
    )
  })
  expect(missing).toEqual([])
})
