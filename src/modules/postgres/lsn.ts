declare const lsn: unique symbol

/** A position in the WAL as a 64-bit number of bytes. Branded: a byte count is not a position. */
export type Lsn = bigint & { readonly [lsn]: true }

/** Reads `16/B374D848` (two hex numbers of at most 8 digits); undefined when it is none. */
export function parseLsn(text: string): Lsn | undefined {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text.trim())
  if (!match) return undefined
  return ((BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`)) as Lsn
}

/** Prints a position as PostgreSQL does up to 18: `16/B374D848`, no leading zeros. */
export const formatLsn = (position: Lsn): string =>
  `${(position >> 32n).toString(16)}/${(position & 0xffffffffn).toString(16)}`.toUpperCase()

/** Bytes from `from` to `to`; negative when `to` is behind. */
export const lsnDistance = (from: Lsn, to: Lsn): number => Number(to - from)

/** The later of two positions; undefined only when both are. */
export function laterLsn(a: Lsn | undefined, b: Lsn | undefined): Lsn | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a > b ? a : b
}
