import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hostTests } from './interrupted/hosts.ts'
import { operatorTests } from './interrupted/operators.ts'
import { stackLab } from './contract/stack.ts'
import { PATRONI } from '../stacks/patroni/lab.ts'
import { differences, type RunJson } from './support/plans.ts'
import { expectCode } from './support/programs.ts'

/** A deploy looks for space before it begins: what finds none in a step is a playbook of the test's own. */
const BOOK = `
name: A file
plays:
  - name: A file
    hosts: all
    tasks:
      - name: The file is in place
        copy: { path: /var/lib/file, content: something }
`

const lab = stackLab(PATRONI, 'acci')

beforeAll(() => lab.up())
afterEach(() => lab.lab('heal'))
afterAll(() => lab.down())

describe('interrupted work', () => {
  operatorTests(lab)
  hostTests(lab)

  test('a deploy refuses a full disk before it begins, a task names it with what to do; with space again the apply goes on', async () => {
    const file = join(lab.dir, 'file.yml')
    writeFileSync(file, BOOK)
    await lab.lab('break', 'fill-disk', 'pg2')
    const refused = await lab.apply('--yes')
    expectCode(refused, 1)
    expect(refused.stdout).toContain('has 0 MiB left: a new data directory and its WAL need')
    const ended = await lab.apply('--playbook', file, '--yes', '--format', 'json')
    expectCode(ended, 1)
    const failed = (JSON.parse(ended.stdout) as RunJson).results.flatMap((result) =>
      result.status === 'failed' ? [{ host: result.host, error: result.error }] : [],
    )
    expect(failed.map(({ host }) => host)).toContain('pg2')
    const onFull = failed.find(({ host }) => host === 'pg2')?.error
    expect(`${onFull?.summary} ${onFull?.detail}`).toContain('No space left on device')
    expect(onFull?.hint).toContain('the disk is full')
    await lab.lab('heal')
    expectCode(await lab.apply('--playbook', file, '--yes'), 0)
    expect(differences(await lab.plan('--playbook', file))).toEqual([])
  })
})
