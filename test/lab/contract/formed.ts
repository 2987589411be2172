import { afterEach } from 'vitest'
import type { Lab } from '../support/lab.ts'
import { expectCode } from '../support/programs.ts'

const FORMED = 'formed'

/** A cluster that is deployed once and gone back to. */
export interface Formed {
  /** Keeps the cluster, which is stopped, as what everything goes back to. */
  readonly keep: () => Promise<void>
  /**
   * The cluster at hand, which the last test left healthy, unless that has failed or none is deployed yet: then a healthy one.
   * `fresh` goes back in any case: for tests that follow upon some that leave traces.
   */
  readonly ready: (how?: 'fresh') => Promise<void>
}

/** Watches the tests of a file: after one that failed, nobody goes on with what it left. */
export function formedOf(lab: Lab): Formed {
  let isTouched = true
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') isTouched = true
  })
  const keep = async (): Promise<void> => {
    await lab.snapshot(FORMED)
    isTouched = false
  }
  return {
    keep,
    ready: async (how) => {
      if (isTouched || how === 'fresh') {
        if (!(await lab.restore(FORMED))) {
          expectCode(await lab.apply('--yes'), 0)
          await lab.run('stop')
          await keep()
        }
        await lab.run('start')
        await lab.healthy(180_000)
      }
      isTouched = false
    },
  }
}
