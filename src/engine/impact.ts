/** What a change interrupts, mildest first. The plan shows the worst; `apply` asks above `reload`. */
export const IMPACTS = [
  'none',
  'reload',
  'restart-standby',
  'restart-primary',
  'switchover',
  'destructive',
] as const
export type Impact = (typeof IMPACTS)[number]

/** The worse of two impacts. */
export const worse = (a: Impact, b: Impact): Impact => (IMPACTS.indexOf(a) >= IMPACTS.indexOf(b) ? a : b)

/** The worst of many; `none` for no impact at all. */
export const worst = (impacts: Iterable<Impact>): Impact => {
  let result: Impact = 'none'
  for (const impact of impacts) result = worse(result, impact)
  return result
}
