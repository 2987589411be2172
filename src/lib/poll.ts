import { setTimeout as wait } from 'node:timers/promises'

export interface PollOptions {
  readonly timeoutMs: number
  readonly intervalMs?: number
  readonly signal?: AbortSignal
}

/**
 * Calls `read` until it gives a value other than undefined, or the deadline passes (then undefined).
 * The one way to wait for something: no wait without a deadline.
 */
export async function poll<T>(
  read: () => Promise<T | undefined>,
  options: PollOptions,
): Promise<T | undefined> {
  const deadline = performance.now() + options.timeoutMs
  for (;;) {
    options.signal?.throwIfAborted()
    const value = await read()
    if (value !== undefined) return value
    if (performance.now() >= deadline) return undefined
    await wait(options.intervalMs ?? 500, undefined, options.signal ? { signal: options.signal } : {})
  }
}
