/** One entry of a random schedule. */
export interface Entry {
  readonly scenario: string
  /** Pause before the run, milliseconds. */
  readonly delayMs: number
}

/** Mulberry32 by Tommy Ettinger (public domain): small, and the same on every machine. From 0 to below 1. */
function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Scenarios in a random order that a seed decides: the same seed and names give the same schedule. Endless. */
export function* schedule(seed: number, scenarios: readonly string[]): Generator<Entry, never> {
  const next = random(seed)
  for (;;) {
    const scenario = scenarios[Math.floor(next() * scenarios.length)] ?? ''
    yield { scenario, delayMs: Math.round(next() * 5000) }
  }
}
