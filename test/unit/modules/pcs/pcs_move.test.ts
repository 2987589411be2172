import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RunStep } from '../../../../src/engine/step.ts'
import { pcsMove } from '../../../../src/modules/pcs/pcs_move.ts'

/** The program of the step with a stand-in for crm_resource: how it ends, and what it leaves behind. */

const run = promisify(execFile)
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hactl-move-'))
})
afterEach(() => rm(root, { recursive: true }))

const STAND_IN = `#!/bin/sh
echo "$*" >>"ROOT/calls"
case $* in
  *--help-all*) echo --promoted ;;
  --wait*) [ "$WAITS" -eq 0 ] || echo 'Pending actions' >&2; exit "$WAITS" ;;
  *--locate*) echo "resource pgsql is running on: $HOLDER Promoted" ;;
esac
`

async function move(env: Readonly<Record<string, string>>) {
  const file = join(root, 'crm_resource')
  await writeFile(file, STAND_IN.replaceAll('ROOT', root))
  await chmod(file, 0o755)
  const args = { resource: 'pgsql-clone', node: 'pg2', lifetime: 'PT5M', settle: 1 }
  const [program = '', ...rest] = (pcsMove.spec.steps(args)[0] as RunStep).argv
  const options = { env: { PATH: `${root}:${process.env['PATH'] ?? ''}`, ...env } }
  const code = await run(program, rest, options).then(
    () => 0,
    ({ code }: { code: number }) => code,
  )
  const calls = (await readFile(join(root, 'calls'), 'utf8')).trim().split('\n')
  return { code, last: calls.at(-1), waits: calls.filter((call) => call.startsWith('--wait')).length }
}

const CLEARED = '--clear --resource pgsql-clone'

test('a role that has moved has moved, though the cluster is not at rest yet', async () => {
  expect(await move({ WAITS: '124', HOLDER: 'pg2' })).toEqual({ code: 0, last: CLEARED, waits: 1 })
})

test('a role that does not move is waited for until the limit, and the constraint goes', async () => {
  const { code, last, waits } = await move({ WAITS: '124', HOLDER: 'pg1' })
  expect({ code, last }).toEqual({ code: 1, last: CLEARED })
  expect(waits).toBeGreaterThan(1)
})

test('another error than a cluster that is not at rest ends it at once', async () => {
  expect(await move({ WAITS: '102', HOLDER: 'pg1' })).toEqual({ code: 102, last: CLEARED, waits: 1 })
})
