import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { checkReplaceable, inventoryText, isInventoryOf } from '../../../src/lab/inventory-file.ts'
import { parseYaml } from '../../../src/schema/yaml.ts'

const lab = {
  lab: 'demo',
  nodes: [
    { name: 'pg1', addresses: ['10.77.0.11', '10.77.1.11'], witness: false },
    { name: 'w1', addresses: ['10.77.0.12', '10.77.1.12'], witness: true },
  ],
  keyFile: '/labs/demo/id',
  sshArgs: `-o UserKnownHostsFile=/labs/demo/known_hosts -o ProxyCommand='nsenter --net=/run/netns/hactl-demo nc -N %h %p'`,
}

test('the inventory is YAML with hosts, groups and the way in', () => {
  expect(parseYaml(inventoryText(lab), 'inventory.yml').data).toEqual({
    all: {
      vars: {
        ansible_user: 'root',
        ansible_ssh_private_key_file: lab.keyFile,
        ansible_ssh_common_args: lab.sshArgs,
      },
      children: {
        postgres: {
          hosts: { pg1: { ansible_host: '10.77.0.11', nic: 'eth0', links: lab.nodes[0]?.addresses } },
        },
        witness: {
          hosts: { w1: { ansible_host: '10.77.0.12', nic: 'eth0', links: lab.nodes[1]?.addresses } },
        },
      },
    },
  })
})

test('variables go under all.vars with their comments', () => {
  const text = inventoryText({ ...lab, vars: '---\n# the cluster\ncluster:\n  name: demo\n\n  stack: x\n' })
  expect(text).toContain('    # the cluster\n    cluster:\n      name: demo\n\n      stack: x\n  children:')
  const value = parseYaml(text, 'inventory.yml').data as { all: { vars: Record<string, unknown> } }
  expect(value.all.vars['cluster']).toEqual({ name: 'demo', stack: 'x' })
})

test("only the lab's own inventory is replaced", () => {
  const dir = mkdtempSync(join(tmpdir(), 'hactl-lab-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'inventory.yml')
  expect(() => checkReplaceable(file, 'demo')).not.toThrow()
  writeFileSync(file, inventoryText(lab))
  expect(isInventoryOf(file, 'demo')).toBe(true)
  expect(() => checkReplaceable(file, 'demo')).not.toThrow()
  expect(() => checkReplaceable(file, 'other')).toThrow('was not written by the lab "other"')
  writeFileSync(file, 'all: {}\n')
  expect(() => checkReplaceable(file, 'demo')).toThrow('is left alone')
})
