import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, expect, test } from 'vitest'
import { must, measured, ROOT, seconds } from '../lab/support/programs.ts'

const LAB = 'busy-demo'
const LOOPS = 4 * availableParallelism()
const HOUR = 3_600_000

let loops: readonly ReturnType<typeof loop>[] = []
const loop = () => execa('sh', ['-c', 'while :; do :; done'], { reject: false })

afterEach(async () => {
  for (const each of loops) each.kill('SIGKILL')
  await Promise.all(loops)
  await must(0, 'lab', 'down', LAB)
})

test('npm run demo ends with a healthy cluster on a machine with four busy loops a processor', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hactl-busy-'))
  loops = Array.from({ length: LOOPS }, loop)
  const began = performance.now()
  const { exitCode, all } = await execa('bash', [join(ROOT, 'scripts/demo.sh')], {
    cwd: ROOT,
    env: { HACTL_DEMO_LAB: LAB, HACTL_DEMO_DIR: dir },
    reject: false,
    timeout: HOUR,
    all: true,
  })
  measured(`the demo beside ${LOOPS} busy loops`, seconds(performance.now() - began))
  expect(exitCode, all.slice(-4000)).toBe(0)
  const status = await must(0, 'status', join(dir, 'inventory.yml'))
  expect(status.stdout).toContain('healthy')
  rmSync(dir, { recursive: true })
})
