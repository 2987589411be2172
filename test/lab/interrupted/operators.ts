import { expect, test } from 'vitest'
import { patient } from '../../patience.ts'
import type { Lab } from '../support/lab.ts'
import { differences } from '../support/plans.ts'
import { expectCode, hactl, measured, must } from '../support/programs.ts'
import { eventually } from '../support/wait.ts'
import { slowBook } from './slow.ts'

/** The lock falls with the session, a moment after its controller has ended. */
const allFree = (lab: Lab) =>
  eventually('no host is locked', async () => {
    const locks = await lab.shAll('cat /run/hactl/*/lock 2>/dev/null || echo free')
    return [...locks.values()].every((lock) => lock === 'free')
  })

/** Two operators, killed controllers and signals, on hosts of any state: the steps are the tests' own. */
export function operatorTests(lab: Lab): void {
  test('a second apply is refused with exit 5, names the owner and how to unlock, and changes nothing', async () => {
    const slow = slowBook(lab)
    await slow.reset()
    const first = lab.start('apply', '--playbook', slow.file, '--yes')
    await slow.begun(...lab.nodes)
    const second = await lab.apply('--playbook', slow.file, '--yes')
    expectCode(second, 5)
    const said = second.stdout + second.stderr
    expect(said).toMatch(/is locked by another run since .*, by \w+ from \S+ \(run [0-9a-f]{6}\)/)
    expect(said).toContain('hactl unlock')
    expect(first.hasEnded()).toBe(false)
    await slow.go(...lab.nodes)
    expectCode(await first.ended, 0)
    measured('refused after', `${second.ms} ms`)
    await allFree(lab)
  })

  test('after the controller was killed the next apply takes over by itself and ends the work', async () => {
    const slow = slowBook(lab)
    await slow.reset()
    const first = lab.start('apply', '--playbook', slow.file, '--yes')
    await slow.begun(...lab.nodes)
    first.kill('SIGKILL')
    await first.ended
    // The step of the killed run is ended by the session that lost its controller.
    await slow.go(...lab.nodes)
    const next = await lab.apply('--playbook', slow.file, '--yes', '--resume')
    expectCode(next, 0)
    for (const node of lab.nodes) expect(await slow.marks(node)).toBe('slow-one slow-two')
    expect(differences(await lab.plan('--playbook', slow.file))).toEqual([])
    measured('takeover', `${next.ms} ms`)
  })

  test('hactl unlock shows a lock, removes it, and then another run can start', async () => {
    const slow = slowBook(lab)
    await slow.reset()
    const first = lab.start('apply', '--playbook', slow.file, '--yes')
    await slow.begun(...lab.nodes)
    // Stopped, the controller keeps its connections and will not go on: the case that unlock is for.
    first.kill('SIGSTOP')
    const shown = await must(0, 'unlock', lab.inventory, '--yes')
    for (const node of lab.nodes)
      expect(shown.stdout).toMatch(new RegExp(`${node}: run [0-9a-f]{6} by \\w+ from`))
    expect(shown.stdout).toContain(`${lab.nodes.length} removed.`)
    await slow.go(...lab.nodes)
    expectCode(await lab.apply('--playbook', slow.file, '--yes'), 0)
    first.kill('SIGKILL')
    await first.ended
    expect((await hactl('unlock', lab.inventory, '--yes')).stdout).toContain('No host is locked.')
  })

  test('Ctrl-C once finishes the running step, says how to go on and exits 130; the next apply goes on', async () => {
    const slow = slowBook(lab)
    await slow.reset()
    const run = lab.start('apply', '--playbook', slow.file, '--yes')
    await slow.begun(...lab.nodes)
    run.kill('SIGINT')
    await eventually('the announcement', () => run.output().includes('Ctrl-C again aborts at once'))
    await slow.go(...lab.nodes)
    const ended = await run.ended
    expectCode(ended, 130)
    expect(ended.stdout).toContain('interrupted')
    expect(ended.stdout).toMatch(/Go on with: hactl apply \S+/)
    for (const node of lab.nodes) expect(await slow.marks(node)).toBe('slow-one')
    await allFree(lab)
    expectCode(await lab.apply('--playbook', slow.file, '--yes'), 0)
    for (const node of lab.nodes) expect(await slow.marks(node)).toBe('slow-one slow-two')
  })

  test.each([
    ['Ctrl-C twice', 'SIGINT', 2],
    ['SIGTERM', 'SIGTERM', 1],
  ] as const)(
    '%s aborts at once with exit 130 and leaves no process on the hosts',
    async (_, signal, times) => {
      const slow = slowBook(lab)
      await slow.reset()
      const run = lab.start('apply', '--playbook', slow.file, '--yes')
      await slow.begun(...lab.nodes)
      const began = performance.now()
      for (let count = 1; count <= times; count++) {
        run.kill(signal)
        if (count < times) await eventually('the announcement', () => run.output().includes('Ctrl-C again'))
      }
      const ended = await run.ended
      expectCode(ended, 130)
      const took = performance.now() - began
      expect(took).toBeLessThan(patient(15_000))
      measured(`${signal} ${times} times until the end`, `${Math.round(took)} ms`)
      const left = 'pgrep -fc "slow-[$]1[.]begun" || true'
      await eventually('no step runs on', async () =>
        [...(await lab.shAll(left)).values()].every((count) => count === '0'),
      )
      for (const node of lab.nodes) expect(await slow.marks(node)).toBe('')
      await slow.go(...lab.nodes)
      expectCode(await lab.apply('--playbook', slow.file, '--yes'), 0)
    },
  )
}
