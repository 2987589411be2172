import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { expectContinues, killAt, momentText } from '../lab/contract/killed.ts'
import { stackLab } from '../lab/contract/stack.ts'
import { STACKS } from '../lab/stacks.ts'

// The strict form of the test in test/lab: a fresh set of hosts for every moment.
describe.each(STACKS.map((stack) => [stack.name, stack] as const))('%s', (_, stack) => {
  const lab = stackLab(stack, `kills-${stack.short}`)
  beforeAll(() => lab.up())
  afterEach(() => lab.lab('reset'))
  afterAll(() => lab.down())

  test.each(stack.moments.map((moment) => [momentText(moment), moment] as const))(
    'a first deploy killed %s is ended by the next apply',
    async (_text, moment) => {
      expect(await killAt(lab, moment)).toBe(true)
      await expectContinues(lab)
    },
  )
})
