/** The value below which a share of the others lie (nearest rank); undefined for none. `share` from 0 to 1. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}

/** How values are spread. */
export interface Spread {
  readonly n: number
  readonly p50: number
  readonly p95: number
  readonly max: number
}

/** The spread of values, rounded to a tenth; undefined for none. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const tenth = (value: number | undefined): number => Math.round((value ?? 0) * 10) / 10
  return {
    n: values.length,
    p50: tenth(percentile(values, 0.5)),
    p95: tenth(percentile(values, 0.95)),
    max: tenth(percentile(values, 1)),
  }
}

/**
 * The greatest probability of an event that is still compatible, at 95 %, with seeing it `seen` times in `runs`
 * independent runs (Clopper and Pearson's exact upper limit; with none seen it is 1 - 0.05^(1/n), about 3/n).
 */
export function upperBound(seen: number, runs: number): number {
  if (runs === 0 || seen >= runs) return 1
  let [low, high] = [0, 1]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (atMost(seen, runs, middle) > 0.05) low = middle
    else high = middle
  }
  return high
}

/** The probability of at most `k` events in `n` runs of probability `p` each. */
function atMost(k: number, n: number, p: number): number {
  let term = (1 - p) ** n
  let sum = term
  for (let i = 0; i < k; i++) {
    term *= ((n - i) / (i + 1)) * (p / (1 - p))
    sum += term
  }
  return sum
}
