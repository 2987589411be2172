import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { expectContinues, killAt, MOMENTS, momentText } from './killed.ts'
import { hostTests } from './hosts.ts'
import { operatorTests } from './operators.ts'
import { expectCode, expectEmptyPlan, labOf, LAYER, measured, type RunJson } from './support.ts'

const lab = labOf('acci', { nodes: 3, with: LAYER })

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

  test('the controller killed ten times in a row in one first deploy: the next apply ends it', async () => {
    const killed: string[] = []
    for (const moment of MOMENTS) if (await killAt(lab, moment)) killed.push(momentText(moment))
    expect(killed).toEqual(MOMENTS.map(momentText))
    await expectContinues(lab)
    measured('killed', killed.join('; '))
    await expectEmptyPlan(lab)
  })
})
