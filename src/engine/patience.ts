/** Why a wait goes on behind its deadline. */
export type Slow = 'busy' | 'moving'

/** What one look showed. */
export interface Look {
  /** What is seen, in words. */
  readonly words: string
  /** The host is saturated. */
  readonly busy: boolean
  readonly now: number
}

export interface Waiting {
  readonly isOver: boolean
  /** Set behind the deadline, while it goes on. */
  readonly slow?: Slow
}

/** A wait that is slow ends at so many times its deadline. */
export const HARD = 5

/** What has shown nothing new for this part of the deadline stands still. */
const STILL = 1 / 4

/**
 * Judges a wait look by look. It ends at its deadline when what is awaited stands still; while the host is saturated, or
 * something is seen that was not seen before, it goes on to a hard limit. Milliseconds.
 */
export function patience(began: number, deadlineMs: number): (look: Look) => Waiting {
  const seen = new Set<string>()
  let moved = began
  return ({ words, busy, now }) => {
    if (!seen.has(words)) {
      if (seen.size > 0) moved = now
      seen.add(words)
    }
    const spent = now - began
    if (spent < deadlineMs) return { isOver: false }
    if (spent >= HARD * deadlineMs) return { isOver: true }
    if (busy) return { isOver: false, slow: 'busy' }
    return moved > began && now - moved < STILL * deadlineMs
      ? { isOver: false, slow: 'moving' }
      : { isOver: true }
  }
}
