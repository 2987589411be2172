import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectContinues, killAt, momentText } from './contract/killed.ts'
import { stackLab } from './contract/stack.ts'
import { PATRONI } from '../stacks/patroni/lab.ts'

/**
 * Two of ten moments, of one stack: what a killed controller leaves is the engine's work. `npm run test:matrix` kills at each, on fresh
 * hosts, every stack, and test/host at every step of a run.
 */
const TWO = [5, 8]

describe('patroni', () => {
  const lab = stackLab(PATRONI, `kill-${PATRONI.short}`)
  const moments = PATRONI.moments.filter((_moment, index) => TWO.includes(index))
  beforeAll(() => lab.up())
  afterAll(() => lab.down())

  test('the controller killed twice in a row in one first deploy: the next apply ends it', async () => {
    const killed: string[] = []
    for (const moment of moments) if (await killAt(lab, moment)) killed.push(momentText(moment))
    expect(killed).toEqual(moments.map(momentText))
    await expectContinues(lab)
  })
})
