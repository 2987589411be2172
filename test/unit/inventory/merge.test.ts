import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readLayout } from '../../../src/inventory/layout.ts'
import { groupDepths, groupsOfHosts, mergeOrder, mergeVars } from '../../../src/inventory/merge.ts'
import { parseYaml } from '../../../src/schema/yaml.ts'

const NONE = { groups: new Map(), hosts: new Map() }
const layoutOf = (data: unknown) => readLayout(parseYaml(JSON.stringify(data), 'inventory.yml'))

const GROUPS = ['a', 'b', 'c', 'd', 'e']
const tree = fc
  .array(
    fc.record({ children: fc.subarray(GROUPS), hosts: fc.subarray(['h1', 'h2', 'h3']), value: fc.boolean() }),
    {
      minLength: 5,
      maxLength: 5,
    },
  )
  .map((groups) =>
    Object.fromEntries(
      groups.map(({ children, hosts, value }, index) => [
        GROUPS[index] ?? '',
        {
          children: Object.fromEntries(
            children.filter((name) => GROUPS.indexOf(name) > index).map((name) => [name, {}]),
          ),
          hosts: Object.fromEntries(hosts.map((name) => [name, {}])),
          vars: { ...(value && { who: GROUPS[index] }), [`only_${GROUPS[index]}`]: true },
        },
      ]),
    ),
  )

test('a host sees the variables of every group above it, and of no other', () => {
  fc.assert(
    fc.property(tree, (data) => {
      const layout = layoutOf(data)
      for (const [host, groups] of groupsOfHosts(layout)) {
        const vars = mergeVars(layout, NONE, groups, host)
        const seen = [...vars.keys()].filter((name) => name.startsWith('only_')).map((name) => name.slice(5))
        expect(seen.sort()).toEqual(groups.filter((name) => GROUPS.includes(name)).sort())
      }
    }),
  )
})

test('parents stand before their children, `all` first, and the last group that sets a variable wins', () => {
  fc.assert(
    fc.property(tree, (data) => {
      const layout = layoutOf(data)
      const [order, depths] = [mergeOrder(layout), groupDepths(layout)]
      for (const { name, children } of layout.groups.values()) {
        for (const child of children) expect(order.get(child)).toBeGreaterThan(order.get(name) ?? -1)
        for (const child of children) expect(depths.get(child)).toBeGreaterThan(depths.get(name) ?? -1)
      }
      for (const [host, groups] of groupsOfHosts(layout)) {
        const winner = groups.findLast((name) => layout.groups.get(name)?.vars.has('who'))
        expect(mergeVars(layout, NONE, groups, host).get('who')?.value).toBe(winner)
      }
    }),
  )
})

test('hosts without a group are in `ungrouped`', () => {
  const layout = layoutOf({ all: { hosts: { loose: {} } }, db: { hosts: { pg1: {} } } })
  expect(Object.fromEntries(groupsOfHosts(layout))).toEqual({
    loose: ['all', 'ungrouped'],
    pg1: ['all', 'db'],
  })
})

test('a cycle is reported once and broken, so that reading always ends', () => {
  const any = fc.array(fc.subarray(GROUPS), { minLength: 5, maxLength: 5 })
  fc.assert(
    fc.property(any, (children) => {
      const data = Object.fromEntries(
        children.map((names, index) => [
          GROUPS[index] ?? '',
          { children: Object.fromEntries(names.map((name) => [name, {}])) },
        ]),
      )
      const layout = layoutOf(data)
      expect(layout.diagnostics.every((each) => each.code === 'inventory/group-cycle')).toBe(true)
      expect(groupDepths(layout).size).toBe(layout.groups.size)
    }),
  )
})
