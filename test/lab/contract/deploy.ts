import { expect, test } from 'vitest'
import { query, startWriter } from '../support/client.ts'
import type { Lab } from '../support/lab.ts'
import { sampleProcesses } from '../support/leaks.ts'
import { differences, expectEmptyPlan, roles } from '../support/plans.ts'
import { expectCode, measured, must, seconds } from '../support/programs.ts'
import { expectSame, snapshots } from '../support/traces.ts'
import type { StackLab } from './stack.ts'

/** What runs printed, and every command line seen meanwhile: searched for secrets at the end. */
export interface Record {
  readonly outputs: string[]
  readonly commands: Set<string>
}

export const newRecord = (): Record => ({ outputs: [], commands: new Set() })

/** An apply at the highest verbosity, with everything it shows kept. */
export async function recordedApply(
  lab: Lab,
  record: Record,
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly stdout: string; readonly ms: number }> {
  const sampler = sampleProcesses()
  const ended = await lab.apply('--yes', '-vv', '--diff', ...args)
  for (const command of sampler.stop()) record.commands.add(command)
  record.outputs.push(ended.stdout, ended.stderr)
  expectCode(ended, 0)
  return ended
}

/** What a good end looks like. */
const PROOF = { text: 'second plan empty', jsonl: '"pending":0' } as const

/** From bare hosts to a cluster, and then nothing more to do. */
export function deployTests(
  lab: Lab,
  { addresses, epoch }: Pick<StackLab, 'addresses' | 'epoch'>,
  record: Record,
  format: 'text' | 'jsonl' = 'text',
): void {
  test(`one apply brings ${lab.nodes.length} hosts to a healthy cluster, and status exits 0`, async () => {
    const ended = await recordedApply(lab, record, '--format', format)
    measured('first apply', seconds(ended.ms))
    expect(ended.stdout).toContain(PROOF[format])
    const shown = await must(0, 'status', lab.inventory)
    record.outputs.push(shown.stdout)
    const status = await lab.healthy(5000)
    expect(roles(status).standbys).toHaveLength(lab.nodes.length - 1)
    expect(status.replication).toEqual({ wanted: 'sync', actual: 'sync' })
    expect(status.addresses.map(({ name, on }) => [name, on.length])).toEqual(
      addresses.map((name) => [name, 1]),
    )
  })

  test('a client writes through the writer VIP, and reads what it wrote through a standby', async () => {
    const writer = await startWriter(lab)
    await writer.writes(20)
    const { acknowledged, gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    measured('acknowledged rows, longest gap', `${acknowledged}, ${gapMs} ms`)
    const { standbys } = roles(await lab.status())
    for (const node of standbys) {
      const sql = 'select count(*), pg_is_in_recovery() from ledger'
      const count = await lab.sh(node, `runuser -u postgres -- psql -XAtqw -d app -c '${sql}'`)
      expect(count).toBe(`${await query(lab, 'select count(*) from ledger')}|t`)
    }
  })

  test('plan then shows no change and exits 0, apply changes nothing, and neither writes on a host', async () => {
    const [before, was] = [await snapshots(lab), await epoch(lab)]
    const plan = await expectEmptyPlan(lab)
    expectSame(before, await snapshots(lab))
    const runs = lab.runs()
    const ended = await lab.apply('--format', 'json')
    expectCode(ended, 0)
    expect(differences(JSON.parse(ended.stdout))).toEqual([])
    expectSame(before, await snapshots(lab))
    expect(await epoch(lab)).toBe(was)
    expect(lab.runs()).toEqual(runs)
    expectCode(await lab.apply('--yes', '--check'), 0)
    const trips = Object.values(plan.summary?.roundTrips ?? {})
    measured('plan', `${plan.summary?.ms} ms, round trips of a host: ${trips.join(', ')}`)
    measured('empty apply', seconds(ended.ms))
    measured('files of /etc and settings compared, lines', [...before.values()].join('\n').split('\n').length)
  })
}
