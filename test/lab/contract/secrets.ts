import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startWriter } from '../support/client.ts'
import type { Lab } from '../support/lab.ts'
import { leaked, leakedFiles, searchNode } from '../support/leaks.ts'
import { expectEmptyPlan } from '../support/plans.ts'
import { measured, must } from '../support/programs.ts'
import { recordedApply, type Record } from './deploy.ts'
import type { StackLab } from './stack.ts'

/** Keys are renewed only when they are named: every certificate depends on them. */
const isKey = (name: string): boolean => name.endsWith('_key')

async function search(
  lab: Lab,
  record: Record,
  secrets: ReadonlyMap<string, string>,
  allowed: readonly string[],
): Promise<void> {
  for (const text of record.outputs) expect(leaked(text, secrets)).toEqual([])
  for (const command of record.commands) expect(leaked(command, secrets), command).toEqual([])
  expect(leakedFiles(lab.dir, secrets)).toEqual([])
  const places = await Promise.all(lab.nodes.map((node) => searchNode(lab, node, secrets)))
  for (const place of places) {
    const files = place.filter((line) => line.startsWith('/'))
    // Some of them are only on standbys.
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) expect(allowed).toContain(file)
    expect(place.slice(files.length)).toEqual(['CIB lines: 0', 'command lines: 0', 'journal lines: 0'])
  }
}

/** No clear value anywhere it does not belong, after everything else has run. */
export function secretTests(
  lab: Lab,
  { secrets: names, clear: allowed }: Pick<StackLab, 'secrets' | 'clear'>,
  record: Record,
): void {
  test('no secret is in any output, journal, process list, log, world-readable file or the CIB', async () => {
    const secrets = await lab.secrets()
    expect([...secrets.keys()]).toEqual(names)
    for (const [name, value] of secrets) expect(value).toHaveLength(isKey(name) ? 64 : 32)
    // The search itself can fail: it finds the key where it must be.
    const key = readFileSync(join(lab.dir, '.hactl/age.key'), 'utf8').trim().split('\n').at(-1) ?? ''
    expect(leakedFiles(lab.dir, new Map([['key', key]]))).toEqual(['.hactl/age.key: key'])
    for (const text of record.outputs) expect(text).not.toContain(key)
    await search(lab, record, secrets, allowed)
    measured('command lines seen', record.commands.size)
    measured('characters of output searched', record.outputs.join('').length)
  })

  test('rotated secrets reach the hosts in one apply without a restart, and the old values are gone', async () => {
    const old = await lab.secrets()
    await must(0, 'secrets', 'rotate', '-i', lab.dir)
    const fresh = await lab.secrets()
    const kept = [...old].flatMap(([name, value]) => (fresh.get(name) === value ? [name] : []))
    expect(kept).toEqual(names.filter(isKey))
    const gone = new Map([...old].filter(([name]) => !isKey(name)))
    const plan = await lab.plan()
    expect(plan.summary?.impact).toBe('none')
    await recordedApply(lab, record, '--format', 'json')
    await lab.healthy()
    const { lost } = await (await startWriter(lab)).stop()
    expect(lost).toEqual([])
    await expectEmptyPlan(lab)
    await search(lab, record, fresh, allowed)
    for (const text of record.outputs) expect(leaked(text, gone)).toEqual([])
    for (const node of lab.nodes) expect((await searchNode(lab, node, gone))[0]).toBe('CIB lines: 0')
  })
}
