import { expect, test } from 'vitest'
import { pickHosts, readParams, splitRest } from '../../../src/app/params.ts'
import { makePlan } from '../../../src/app/plan.ts'
import { findRunbook } from '../../../src/app/playbooks.ts'
import { isStreaming, membersOf } from '../../../src/cluster/members.ts'
import { valuesOf } from '../../../src/cli/completion.ts'
import { playbookIn, stage } from './stage.ts'

test('words, values behind or inside their parameter, and switches are told apart', () => {
  const rest = ['inventory.yml', '--on', 'pg1', '--wait=30s', '--max-lag', '-5', '--force', '--', 'x']
  expect(splitRest(rest)).toEqual({
    words: ['inventory.yml', 'x'],
    given: { on: 'pg1', wait: '30s', max_lag: '-5', force: 'true' },
  })
  expect(splitRest(['--force', '--on', 'pg1', 'inventory.yml'])).toEqual({
    words: ['inventory.yml'],
    given: { force: 'true', on: 'pg1' },
  })
})

const statusIn = async (scenario: string) => {
  const on = stage(scenario)
  const file = playbookIn(on, 'name: Nothing\nneeds: [status]\nplays: []\n')
  const { status } = await makePlan({ target: on.target, file, options: { verbose: 0 }, caller: on.caller })
  if (!status) throw new Error('no status')
  return { status, target: on.target }
}

const repairOn = async (scenario: string) => {
  const { status, target } = await statusIn(scenario)
  const { playbook } = await findRunbook(target, 'cls_repair_slave')
  return pickHosts(playbook, readParams(playbook, {}, ['pg1', 'pg2', 'pg3']), status)
}

test('the one standby that does not stream is the one to repair', async () => {
  const { status } = await statusIn('standby-stopped-3')
  const ill = membersOf(status).find((member) => member.role !== 'primary' && !isStreaming(member))
  expect(await repairOn('standby-stopped-3')).toMatchObject({ on: ill?.name })
})

test('where nobody or several could be meant, the names are told and the operator decides', async () => {
  await expect(repairOn('healthy-3')).rejects.toThrow('nobody is a standby that does not stream')
  await expect(repairOn('stopped-3')).rejects.toThrow(/pg1, pg2, pg3 are each a standby that does not stream/)
})

test('a name that other tools gave to a verb names the verb', async () => {
  const { target } = stage('healthy-3')
  for (const name of ['cls_status', 'cls_master'])
    await expect(findRunbook(target, name)).rejects.toMatchObject({
      diagnostics: [{ code: 'cli/no-runbook', hint: 'hactl status INVENTORY' }],
    })
})

test('completion offers runbooks, not what they import', async () => {
  const names = await valuesOf('run')
  expect(names).toContain('repair-standby')
  expect(names).toContain('switchover')
  expect(
    names.filter((name) => ['deploy', 'members', 'roles', 'routing', 'etcd', 'names'].includes(name)),
  ).toEqual([])
})
