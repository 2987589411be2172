import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadInventory } from '../../../src/inventory/load.ts'
import { STACKS } from '../../../src/stacks/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'hactl-addresses-'))
afterAll(() => rmSync(dir, { recursive: true }))
let count = 0

/** A cluster of a stack whose hosts are written as a YAML map. */
async function read(stack: string, hosts: readonly string[]) {
  const file = join(dir, `${count++}.yml`)
  const lines = hosts.map((host, index) => `        pg${index + 1}: ${host}`)
  writeFileSync(
    file,
    [
      'all:',
      '  vars:',
      `    cluster: { name: pgc, stack: ${stack}, writer_vip: { address: 10.77.0.20/24 } }`,
      '  children:',
      '    postgres:',
      '      hosts:',
      ...lines,
      '',
    ].join('\n'),
  )
  const { inventory, diagnostics } = await loadInventory(file, { stacks: STACKS, secrets: { env: {} } })
  const [cluster] = inventory.clusters
  const derived = STACKS.find(({ name }) => name === stack)?.derive(cluster!)
  return { diagnostics, codes: diagnostics.map(({ code }) => code), derived }
}

const NAMES = STACKS.map(({ name }) => name)
const three = (host: (index: number) => string): readonly string[] => [1, 2, 3].map(host)

test.each(NAMES)(
  'what hosts of %s are to each other is their link, not the way of the controller',
  async (stack) => {
    const { derived, codes } = await read(
      stack,
      three((i) => `{ ansible_host: pg${i}.mgmt.example.net, links: [10.77.0.1${i}] }`),
    )
    expect(codes).toEqual([])
    const text = JSON.stringify(derived)
    expect(text).not.toMatch(/https?:\/\/pg\d\.mgmt|"address":"pg\d\.mgmt/)
    expect(text).toContain('10.77.0.12')
    const { nodes } = derived as { nodes: readonly { readonly addresses: readonly string[] }[] }
    expect(nodes.map(({ addresses }) => addresses)).toEqual([['10.77.0.11'], ['10.77.0.12'], ['10.77.0.13']])
  },
)

test.each(NAMES)('a host of %s that has a name alone is refused in the file of the user', async (stack) => {
  const { diagnostics } = await read(
    stack,
    three((i) => `{ ansible_host: pg${i}.db.example.com }`),
  )
  const found = diagnostics.filter(({ code }) => code === 'cluster/no-address')
  expect(found.map(({ at }) => at?.line)).toEqual([7, 8, 9])
  const hinted = found[0]?.hint?.includes('links: [ADDRESS]') ? 'links: [10.77.0.1' : ''
  const mended = await read(
    stack,
    three((i) => `{ ansible_host: pg${i}.db.example.com, ${hinted}${i}] }`),
  )
  expect(mended.codes).toEqual([])
})

test.each(NAMES)('every address of a member of %s may replicate, whatever its family', async (stack) => {
  const { derived } = await read(
    stack,
    three((i) => `{ ansible_host: 10.77.0.1${i}, links: [10.77.0.1${i}, 'fd00:77::1${i}'] }`),
  )
  const { hba } = derived as { hba: readonly string[] }
  expect(hba.some((line) => line.includes(' fd00:77::12/128 '))).toBe(true)
  expect(hba.some((line) => line.includes(' 10.77.0.12/32 '))).toBe(true)
})

test.each(NAMES)('members of %s with IPv6 addresses alone are refused with the reason', async (stack) => {
  const { diagnostics } = await read(
    stack,
    three((i) => `{ ansible_host: 'fd00:77::1${i}' }`),
  )
  expect(diagnostics.filter(({ severity }) => severity === 'error')[0]?.summary).toMatch(/IPv4|subnet/)
})
