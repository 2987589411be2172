import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Lab } from '../../../lab/support/lab.ts'
import { MAIN, measured, seconds } from '../../../lab/support/programs.ts'
import { freezeAndThaw, type Bed, type Frozen } from './freeze.ts'

const addressOf = (node: string): string => `10.77.0.1${node.slice('pg'.length)}`

/** A deployed cluster as the tests of a freeze see it. Clients know every member, so the one that thaws too. */
async function bedOf(lab: Lab): Promise<Bed> {
  const passfile = join(lab.dir, 'freeze-pass')
  const password = (await lab.secrets()).get('app_password') ?? ''
  writeFileSync(passfile, `*:*:*:app:${password}\n`, { mode: 0o600 })
  const hosts = lab.nodes.map(addressOf).join(',')
  return {
    members: lab.nodes,
    addressOf,
    sh: (node, script) => lab.sh(node, script),
    client: (argv) => [process.execPath, MAIN, 'lab', 'exec-client', '--name', lab.name, '--', ...argv],
    conninfo: `host=${hosts} user=app dbname=app passfile=${passfile} connect_timeout=2 target_session_attrs=read-write`,
    leader: async () => (await lab.status()).primary,
    healthy: async () => {
      const { health, problems } = await lab.status()
      return health === 'healthy' && problems.length === 0
    },
    freezeHost: (node) => lab.lab('break', 'freeze', node),
    thawHost: (node) => lab.lab('heal', node),
  }
}

const WORDS: Readonly<Record<Frozen, string>> = {
  postgres: 'PostgreSQL on the leader',
  patroni: 'Patroni on the leader',
  host: 'the whole leader',
}

/** What stands still for 30 s and goes on again costs no acknowledged commit in sync mode. */
export function freezeTests(lab: Lab, kinds: readonly Frozen[] = ['postgres', 'patroni', 'host']): void {
  test.each(kinds)('%s stands still for 30 s: no acknowledged commit is lost', async (what) => {
    const report = await freezeAndThaw(await bedOf(lab), { what, seconds: 30 })
    const path = [report.leaderBefore, report.leaderDuring ?? 'nobody', report.leaderAfter ?? 'nobody']
    measured(`${WORDS[what]} stood still, led by`, path.join(', '))
    measured('acknowledged, lost before the thaw and at the end', losses(report))
    measured('write gap', seconds(report.gapMs))
    expect(report.acknowledged).toBeGreaterThan(400)
    expect(report.warnings).toBe(0)
    expect([report.lostDuring, report.lostAfter, report.lateAcks]).toEqual([0, 0, 0])
  })
}

const losses = (report: { acknowledged: number; lostDuring: number; lostAfter: number }): string =>
  [report.acknowledged, report.lostDuring, report.lostAfter].join(', ')
