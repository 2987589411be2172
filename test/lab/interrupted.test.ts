import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hostTests } from './interrupted/hosts.ts'
import { operatorTests } from './interrupted/operators.ts'
import { stackLab } from './contract/stack.ts'
import { PATRONI } from '../stacks/patroni/lab.ts'
import type { RunJson } from './support/plans.ts'
import { expectCode } from './support/programs.ts'

const lab = stackLab(PATRONI, 'acci')

beforeAll(() => lab.up())
afterEach(() => lab.lab('heal'))
afterAll(() => lab.down())

describe('interrupted work', () => {
  operatorTests(lab)
  hostTests(lab)

  test('a full disk fails the task with the reason and what to do; with space again the apply goes on', async () => {
    await lab.lab('break', 'fill-disk', 'pg2')
    const ended = await lab.apply('--yes', '--format', 'json')
    expectCode(ended, 1)
    const failed = (JSON.parse(ended.stdout) as RunJson).results.flatMap((result) =>
      result.status === 'failed' ? [{ host: result.host, error: result.error }] : [],
    )
    expect(failed.map(({ host }) => host)).toContain('pg2')
    const onFull = failed.find(({ host }) => host === 'pg2')?.error
    expect(`${onFull?.summary} ${onFull?.detail}`).toContain('No space left on device')
    expect(onFull?.hint).toContain('the disk is full')
    await lab.lab('heal')
  })
})
