import type { Clock } from '../../../src/report/view.ts'

/** A clock that runs only when a test says so, and calls what is due on the way. */
export function fakeClock(): Clock & { advance: (ms: number) => void } {
  let now = 0
  const timers = new Set<{ readonly ms: number; readonly work: () => void; due: number }>()
  return {
    now: () => now,
    every: (ms, work) => {
      const timer = { ms, work, due: now + ms }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance: (ms) => {
      const end = now + ms
      for (;;) {
        const next = [...timers].filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0]
        if (next === undefined) break
        now = next.due
        next.due += next.ms
        next.work()
      }
      now = end
    },
  }
}
