import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { recordedApply, type Record } from './deploy.ts'
import { leaked, leakedFiles, searchNode } from './leaks.ts'
import { startWriter } from './client.ts'
import { expectEmptyPlan, measured, must, type Lab } from './support.ts'

/** Where a clear value may lie on a member: the password file of standbys, for the account postgres only. */
const ALLOWED = '/var/lib/postgresql/.pgpass 600 postgres'

async function search(lab: Lab, record: Record, secrets: ReadonlyMap<string, string>): Promise<void> {
  for (const text of record.outputs) expect(leaked(text, secrets)).toEqual([])
  for (const command of record.commands) expect(leaked(command, secrets), command).toEqual([])
  expect(leakedFiles(lab.dir, secrets)).toEqual([])
  const places = await Promise.all(lab.nodes.map((node) => searchNode(lab, node, secrets)))
  for (const place of places) {
    expect(place).toEqual([ALLOWED, 'CIB lines: 0', 'command lines: 0', 'journal lines: 0'])
  }
}

/** No clear value anywhere it does not belong, after everything else has run. */
export function secretTests(lab: Lab, record: Record): void {
  test('no secret is in any output, journal, process list, log, world-readable file or the CIB', async () => {
    const secrets = await lab.secrets()
    expect([...secrets.keys()]).toEqual(['app_password', 'hacluster_password', 'replication_password'])
    expect([...secrets.values()].every((value) => value.length === 32)).toBe(true)
    // The search itself can fail: it finds the key where it must be.
    const key = readFileSync(join(lab.dir, '.hactl/age.key'), 'utf8').trim().split('\n').at(-1) ?? ''
    expect(leakedFiles(lab.dir, new Map([['key', key]]))).toEqual(['.hactl/age.key: key'])
    for (const text of record.outputs) expect(text).not.toContain(key)
    await search(lab, record, secrets)
    measured('command lines seen', record.commands.size)
    measured('characters of output searched', record.outputs.join('').length)
  })

  test('rotated secrets reach the hosts in one apply without a restart, and the old values are gone', async () => {
    const old = await lab.secrets()
    await must(0, 'secrets', 'rotate', '-i', lab.dir)
    const fresh = await lab.secrets()
    for (const [name, value] of old) expect(fresh.get(name)).not.toBe(value)
    const plan = await lab.plan()
    expect(plan.summary?.impact).toBe('none')
    await recordedApply(lab, record, '--format', 'json')
    await lab.healthy()
    const { lost } = await (await startWriter(lab)).stop()
    expect(lost).toEqual([])
    await expectEmptyPlan(lab)
    await search(lab, record, fresh)
    for (const text of record.outputs) expect(leaked(text, old)).toEqual([])
    for (const node of lab.nodes) expect((await searchNode(lab, node, old))[0]).toBe('CIB lines: 0')
  })
}
