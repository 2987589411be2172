import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import { poll } from '../../../src/lib/poll.ts'
import { patient } from '../../patience.ts'

/**
 * A read with a pause before it as long as the last one took: on a slow machine nobody waits for what the asking itself keeps busy.
 * The result is for `poll`.
 */
export function paced<T>(read: () => Promise<T>): () => Promise<T> {
  let tookMs = 0
  return async () => {
    await wait(tookMs)
    const began = performance.now()
    const value = await read()
    tookMs = performance.now() - began
    return value
  }
}

/** Polls until something is true; fails the test with `what` when it never is. The time is that of a quiet machine. */
export async function eventually(
  what: string,
  read: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = patient(timeoutMs)
  const seen = await poll(
    paced(async () => ((await read()) ? true : undefined)),
    {
      timeoutMs: deadline,
      intervalMs: 50,
    },
  )
  expect(seen, `never within ${deadline / 1000} s: ${what}`).toBe(true)
}
