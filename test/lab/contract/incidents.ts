import { expect, test } from 'vitest'
import type { Diagnosis } from '../../../src/cluster/doctor/finding.ts'
import { poll } from '../../../src/lib/poll.ts'
import { patient } from '../../patience.ts'
import { castOf } from '../incidents/staged.ts'
import type { Lab } from '../support/lab.ts'
import { expectCode, hactl, must, type Ended } from '../support/programs.ts'
import { expectSame, snapshots } from '../support/traces.ts'
import type { StackLab } from './stack.ts'

const diagnosisIn = ({ stdout }: Ended): Diagnosis => JSON.parse(stdout) as Diagnosis

/** The verb on a cluster that is up: nothing wrong, nothing written, and a few incidents; the rest is in the matrix. */
export function incidentTests(lab: Lab, { incidents, often }: StackLab): void {
  const staged = incidents.filter(({ name }) => often.includes(name))

  test('doctor finds nothing wrong with a healthy cluster, and writes nothing on its hosts', async () => {
    await lab.healthy()
    const before = await snapshots(lab)
    const ended = await must(0, 'doctor', lab.inventory, '--format', 'json')
    expectSame(before, await snapshots(lab))
    expect(diagnosisIn(ended).findings.filter(({ severity }) => severity !== 'note')).toEqual([])
  })

  test.each(staged.map((incident) => [incident.name, incident] as const))(
    'doctor names %s first, with evidence and a command that is safe or says what it does',
    async (_, incident) => {
      const cast = await castOf(lab)
      try {
        await incident.stage(cast)
        let last: Ended | undefined
        const found = await poll(
          async () => {
            last = await hactl('doctor', lab.inventory, '--format', 'json')
            const [first] = diagnosisIn(last).findings
            return first?.code === incident.code ? first : undefined
          },
          { timeoutMs: patient(60_000), intervalMs: 500 },
        )
        expect(found?.code, last?.stdout.slice(0, 3000)).toBe(incident.code)
        expect(found?.evidence.length).toBeGreaterThan(0)
        expect(found?.next.map(({ risk }) => risk)).not.toContain('can-lose-data')
        if (last) expectCode(last, found?.severity === 'critical' ? 2 : 1)
      } finally {
        await incident.heal(cast)
      }
      await lab.healthy()
    },
  )
}
