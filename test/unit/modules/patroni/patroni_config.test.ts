import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { differences } from '../../../../src/engine/diff.ts'
import { createProber } from '../../../../src/engine/prober.ts'
import { patroniConfig } from '../../../../src/modules/patroni/patroni_config.ts'
import { fillDefaults } from '../../../../src/schema/build.ts'
import { fakeTransport } from '../../../../src/transport/fake.ts'
import { commandOf, readCase } from '../../../modules/case.ts'

const CASES = join(import.meta.dirname, '../../../modules')
const { args, sees = [] } = readCase(join(CASES, 'patroni_config/parameter-needs-a-restart.yml'))
const silence = readCase(join(CASES, 'postgres_wait/waits-for-a-server.yml')).sees?.[0]

/** The impact of every difference, with the server's answer as captured or replaced. */
async function impacts(server?: object): Promise<Readonly<Record<string, string | undefined>>> {
  const answers = sees.map((sight) => ({
    ...sight,
    ...(sight.as !== undefined && server),
    run: commandOf(sight),
  }))
  const { spec } = patroniConfig
  const full = fillDefaults(spec.args, args) as never
  const from = await spec.current(createProber(fakeTransport({ answers })).probe, full)
  const to = spec.desired(full, from)
  return Object.fromEntries(
    differences(from, to).map(({ field }) => [field, spec.fieldImpact?.(field, from, to)]),
  )
}

test('a parameter that only a restart loads restarts the primary, another is reloaded', async () => {
  expect(readFileSync(join(CASES, 'patroni_config/parameter-needs-a-restart.yml'), 'utf8')).toContain(
    'postmaster',
  )
  expect(await impacts()).toEqual({
    'postgresql.parameters.max_connections': 'restart-primary',
    'postgresql.parameters.work_mem': 'reload',
  })
})

test('the plan promises no reload where the server does not say what only a restart loads', async () => {
  expect(silence?.stdout).toContain('rc=2')
  const { stdout, stderr } = silence ?? {}
  expect(Object.values(await impacts({ stdout, stderr }))).toEqual(['restart-primary', 'restart-primary'])
})
