import { expect } from 'vitest'
import { poll } from '../../../src/lib/poll.ts'
import { patient } from '../../patience.ts'

/** Polls until something is true; fails the test with `what` when it never is. The time is that of a quiet machine. */
export async function eventually(
  what: string,
  read: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = patient(timeoutMs)
  const seen = await poll(async () => ((await read()) ? true : undefined), {
    timeoutMs: deadline,
    intervalMs: 50,
  })
  expect(seen, `never within ${deadline / 1000} s: ${what}`).toBe(true)
}
