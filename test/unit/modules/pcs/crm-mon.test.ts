import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseCrmMon } from '../../../../src/modules/pcs/crm-mon.ts'
import { failuresOf } from '../../../../src/modules/pcs/pcs_cleanup.ts'
import { waitingFor } from '../../../../src/modules/pcs/pcs_wait.ts'

const read = (name: string) =>
  parseCrmMon(
    readFileSync(join(import.meta.dirname, '../../../modules/captured', `crm_mon-${name}.xml`), 'utf8'),
  )

describe.each(['2.0.5', '2.1.5', '3.0.0'])('crm_mon %s', (version) => {
  const status = read(`${version}-failed-ban-standby`)

  test('nodes, coordinator and quorum', () => {
    expect(status).toMatchObject({ dc: 'mpcs2', quorum: true, fencing: false, maintenance: false })
    expect(status.nodes.map(({ name, online, standby, isDc }) => [name, online, standby, isDc])).toEqual([
      ['mpcs1', true, false, false],
      ['mpcs2', true, true, true],
    ])
  })

  test('copies of a clone and members of a group, with roles in the words of today', () => {
    expect(status.resources.map(({ id, parent, role, nodes }) => [id, parent, role, ...nodes])).toEqual([
      ['st', 'st-clone', 'Promoted', 'mpcs1'],
      ['st', 'st-clone', 'Stopped'],
      ['d1', 'grp', 'Started', 'mpcs1'],
      ['d2', 'grp', 'Started', 'mpcs1'],
    ])
    expect(status.resources[0]?.agent).toBe('ocf:pacemaker:Stateful')
  })

  test('attributes, fail counts, failures and bans', () => {
    expect(status.attributes).toEqual({ mpcs1: { 'master-st': '10' } })
    expect(status.failCounts['mpcs1']).toEqual({ d1: 1 })
    expect(status.failures).toEqual([
      {
        operation: 'd1_monitor_2000',
        node: 'mpcs1',
        status: 'not running',
        reason: '',
        at: '2026-11-20 11:07:45Z',
      },
    ])
    expect(status.bans).toEqual([
      {
        id: 'cli-ban-st-clone-on-mpcs2',
        resource: 'st-clone',
        node: 'mpcs2',
        score: -1_000_000,
        promotedOnly: true,
      },
    ])
  })

  test('failures belong to a resource, its group and its node', () => {
    expect(failuresOf(status, { resource: 'grp' })).toHaveLength(2)
    expect(failuresOf(status, { resource: 'st-clone' })).toEqual([])
    expect(failuresOf(status, { resource: 'd1', node: 'mpcs2' })).toEqual([])
  })
})

test('a node that is down is offline, and is waited for', () => {
  const status = read('2.1.5-one-node-down')
  expect(status.nodes.map(({ online }) => online)).toEqual([true, false])
  const wait = { online: ['mpcs1', 'mpcs2'], settled: true, role: 'Started' }
  expect(waitingFor(status, wait)).toBe('not online: mpcs2')
  expect(waitingFor(status, { ...wait, online: ['mpcs1'] })).toBeUndefined()
  expect(waitingFor(status, { ...wait, online: [], resource: 'st-clone', role: 'Master' })).toBeUndefined()
  expect(
    waitingFor(status, { ...wait, online: [], resource: 'st-clone', role: 'Master', node: 'mpcs2' }),
  ).toBe('st-clone is not Promoted on mpcs2: Promoted mpcs1, Stopped')
  expect(waitingFor(status, { ...wait, online: [], resource: 'nosuch' })).toBe('there is no resource nosuch')
})

test('an error of the tool is an error here', () => {
  const xml =
    '<pacemaker-result api-version="2.25"><status code="102" message="Not connected"><errors><error>crm_mon: Connection to cluster failed: Connection refused</error></errors></status></pacemaker-result>'
  expect(() => parseCrmMon(xml)).toThrow('Connection refused')
})
