import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NotYet } from '../../../../src/engine/probe.ts'
import { refuseChange, roleFor } from '../../../../src/modules/pcs/cib.ts'
import {
  constraintElement,
  constraintsOf,
  keyOf,
  leftovers,
  normalScore,
  valueOf,
} from '../../../../src/modules/pcs/constraint.ts'
import { patchStep } from '../../../../src/modules/pcs/patch.ts'
import { creation, findResource } from '../../../../src/modules/pcs/resource.ts'
import { normalRule } from '../../../../src/modules/pcs/rule.ts'
import { normalTime } from '../../../../src/modules/pcs/values.ts'
import { parseXml, writeXml } from '../../../../src/modules/pcs/xml.ts'

const text = readFileSync(
  join(import.meta.dirname, '../../../modules/captured/cib-2.1.5-two-nodes.xml'),
  'utf8',
)
const cib = parseXml(text)
/** The same configuration in the older schemas that RHEL 7 and 8 and Debian 11 use. */
const schema = (name: string) => parseXml(text.replace('pacemaker-3.9', name))

test('a change is refused without quorum and before a coordinator is elected', () => {
  expect(refuseChange(cib)).toBeUndefined()
  expect(refuseChange(parseXml(text.replace('have-quorum="1"', 'have-quorum="0"')))?.code).toBe(
    'cib/no-quorum',
  )
  expect(() => refuseChange(parseXml(text.replace(/ dc-uuid="\d+"/, '')))).toThrow(NotYet)
})

test('roles are written in the words of the schema', () => {
  expect(roleFor(cib, 'Master')).toBe('Promoted')
  expect(roleFor(schema('pacemaker-3.5'), 'Promoted')).toBe('Master')
  expect(roleFor(schema('pacemaker-2.10'), 'Unpromoted')).toBe('Slave')
  expect(roleFor(schema('pacemaker-4.0'), 'Promoted')).toBe('Promoted')
})

const wanted = {
  name: 'new',
  type: 'ocf:pacemaker:Stateful',
  attributes: {},
  meta: {},
  operations: { 'monitor 9s Promoted': { timeout: '20s' } },
  wrapper: 'promotable',
  outerName: 'new-clone',
  outerMeta: { 'promoted-max': '1', notify: 'true' },
} as const

test('a promotable clone is a clone with a meta attribute, in schema 2 a master', () => {
  const now = writeXml(creation(cib, wanted)[0] ?? cib)
  expect(now).toContain('<clone id="new-clone">')
  expect(now).toContain('name="promotable" value="true"')
  expect(now).toContain('role="Promoted"')
  const old = writeXml(creation(schema('pacemaker-2.10'), wanted)[0] ?? cib)
  expect(old).toContain('<master id="new-clone">')
  expect(old).toContain('name="master-max" value="1"')
  expect(old).not.toContain('promotable')
  expect(old).toContain('role="Master"')
})

test('a resource is found with its clone or group, and its path names both', () => {
  expect(findResource(cib, 'st')).toMatchObject({
    type: 'ocf:pacemaker:Stateful',
    wrapper: 'promotable',
    path: "/cib/configuration/resources/clone[@id='st-clone']/primitive[@id='st']",
  })
  expect(findResource(cib, 'd2')).toMatchObject({
    wrapper: 'group',
    outerPath: expect.stringContaining('grp'),
  })
  expect(findResource(cib, 'nosuch')).toBeUndefined()
})

test('a ban that was left behind is found with its node', () => {
  expect(leftovers(cib)).toEqual([
    { id: 'cli-ban-st-clone-on-mpcs2', resource: 'st-clone', node: 'mpcs2', score: '-INFINITY' },
  ])
})

const constraint = (xml: string) =>
  constraintsOf(parseXml(`<cib><configuration><constraints>${xml}</constraints></configuration></cib>`))[0]
    ?.constraint

test.each([
  ['<rsc_order id="a" first="x" then="y"/>', 'order start x then start y', 'Mandatory'],
  [
    '<rsc_order id="a" first="x" first-action="promote" then="y" score="0"/>',
    'order promote x then promote y',
    'Optional',
  ],
  [
    '<rsc_order id="a" first="x" then="y" kind="Serialize"/>',
    'order start x then start y',
    'Serialize, not symmetrical',
  ],
  [
    '<rsc_colocation id="a" rsc="x" with-rsc="y" with-rsc-role="Master" score="+1000000"/>',
    'colocation x with Promoted y',
    'INFINITY',
  ],
  ['<rsc_location id="a" rsc="x" role="Started" node="n" score="-5"/>', 'location x on n', '-5'],
  [
    '<rsc_location id="a" rsc="x"><rule id="r" role="Slave" score="7"><expression id="e" attribute="p" operation="defined"/></rule></rsc_location>',
    'location Unpromoted x where defined p',
    '7',
  ],
])('%s means %s', (xml, key, value) => {
  const found = constraint(xml)
  expect(found && [keyOf(found), valueOf(found)]).toEqual([key, value])
})

test.each([
  '<rsc_ticket id="a" rsc="x" ticket="t"/>',
  '<rsc_location id="a" rsc-pattern="x.*" node="n" score="1"/>',
  '<rsc_colocation id="a" rsc="x" with-rsc="y" score="1" influence="false"/>',
  '<rsc_order id="a"><resource_set id="s"><resource_ref id="x"/></resource_set></rsc_order>',
  '<rsc_location id="a" rsc="x"><rule id="r" score="7"><date_expression id="e" operation="lt" end="2026-01-01"/></rule></rsc_location>',
])('%s is a kind that is left alone', (xml) => {
  expect(constraint(xml)).toBeUndefined()
})

test('one spelling for times, scores and rules', () => {
  expect(['60', '60s', '1min', '60000ms', 'PT1M', '500 ms'].map(normalTime)).toEqual([
    '60s',
    '60s',
    '60s',
    '60s',
    'PT1M',
    '500ms',
  ])
  expect(['+5', '1000000', '-1000001', 'INFINITY', ''].map(normalScore)).toEqual([
    '5',
    'INFINITY',
    '-INFINITY',
    'INFINITY',
    '0',
  ])
  expect(normalRule(' a  eq b and   defined c ')).toBe('a eq b and defined c')
})

test('nothing to change is no step', () => {
  expect(patchStep([])).toEqual([])
})

test('a place nobody asks for is written and read back, and differs from one that is only avoided', () => {
  const place = { kind: 'location', resource: 'st-clone', node: 'w1', score: '-INFINITY' } as const
  const reread = (constraint: Parameters<typeof constraintElement>[2]) => {
    const found = constraintElement(cib, 'hactl', constraint)
    const inside = `<configuration><constraints>${writeXml(found)}</constraints></configuration>`
    return constraintsOf(parseXml(`<cib>${inside}</cib>`)).map((each) => each.constraint)
  }
  const [never] = reread({ ...place, resource_discovery: 'never' })
  expect(never).toEqual({ ...place, resource_discovery: 'never' })
  const [avoided] = reread(place)
  expect(avoided).toEqual(place)
  if (!never || !avoided) throw new Error('a constraint was not read')
  expect(keyOf(never)).toBe(keyOf(avoided))
  expect([valueOf(never), valueOf(avoided)]).toEqual(['-INFINITY, discovery never', '-INFINITY'])
})
