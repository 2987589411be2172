import { runWith } from '../../engine/step.ts'
import type { RunStep } from '../../engine/step.ts'
import { shell } from '../../lib/program.ts'

/** A step of `useradd` and its like: it waits while another program holds the lock of the accounts. */
export const accountCommand = (...argv: readonly string[]): RunStep =>
  runWith({ timeoutMs: 400_000 }, ...shell('common/accounts.sh', ...argv))
