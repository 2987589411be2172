import { expect, test } from 'vitest'
import { patient } from '../../patience.ts'
import type { Lab } from '../support/lab.ts'
import { differences, type RunJson } from '../support/plans.ts'
import { expectCode, measured, seconds } from '../support/programs.ts'
import { slowBook } from './slow.ts'

/** Hosts that are lost, hang or cannot be reached while others work. The steps are the tests' own. */
export function hostTests(lab: Lab): void {
  const [first = '', second = '', third = ''] = lab.nodes

  test.each([
    ['is powered off', ['power-off']],
    ['is cut from the network', ['cut']],
    ['freezes', ['freeze']],
  ] as const)('a host that %s in a step is named, exit 4, and the others finish', async (_, fault) => {
    const slow = slowBook(lab)
    await slow.reset()
    const run = lab.start('apply', '--playbook', slow.file, '--yes', '--format', 'json')
    await slow.begun(...lab.nodes)
    const began = performance.now()
    await lab.lab('break', ...fault, second)
    await slow.go(first, third)
    const ended = await run.ended
    expectCode(ended, 4)
    measured(`${fault.join(' ')}: the run ended after`, seconds(performance.now() - began))
    const result = JSON.parse(ended.stdout) as RunJson
    expect(result.unreachable.map(({ host }) => host)).toEqual([second])
    expect(result.results.filter((each) => each.status === 'failed')).toEqual([])
    expect(result.summary).toMatchObject({ outcome: 'unreachable', unreachable: 1, failed: 0 })
    for (const node of [first, third]) expect(await slow.marks(node)).toBe('slow-one slow-two')
    await lab.lab('heal')
    await slow.go(second)
    expectCode(await lab.apply('--playbook', slow.file, '--yes'), 0)
    expect(differences(await lab.plan('--playbook', slow.file))).toEqual([])
  })

  test.each([
    ['is off', 'power-off'],
    ['hangs', 'freeze'],
  ])(
    'a host that %s from the start is named, exit 4, within the deadline of connecting',
    async (_, fault) => {
      const slow = slowBook(lab)
      await slow.reset()
      await slow.go(...lab.nodes)
      await lab.lab('break', fault, third)
      const ended = await lab.apply('--playbook', slow.file, '--yes')
      expectCode(ended, 4)
      expect(ended.stdout + ended.stderr).toContain(third)
      measured(`${fault}: exit 4 after`, seconds(ended.ms))
      expect(ended.ms).toBeLessThan(patient(60_000))
      for (const node of [first, second]) expect(await slow.marks(node)).toBe('slow-one slow-two')
      await lab.lab('heal')
      expectCode(await lab.apply('--playbook', slow.file, '--yes'), 0)
    },
  )
}
