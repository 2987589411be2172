import type { CodeEntry } from '../catalog.ts'

/** What the loss of one member's replication makes the status say. */
export const OF_A_STANDBY = [
  'standby/*',
  'failures/*',
  'node/offline',
  'node/unclean',
  'cluster/not-running',
  'resource/blocked',
  'slots/at-risk',
  'member/unmanaged',
  'dcs/member-lost',
] as const
export const OF_FEWER_STANDBYS = ['sync/*', 'vip/reader-missing'] as const

/** One row of a catalog. */
export const entry = (
  code: string,
  rank: number,
  about: string,
  cure: string,
  explains?: CodeEntry['explains'],
): CodeEntry => ({ code, rank, about, cure, ...(explains && { explains }) })

/** What a standby alone explains when it is hit. */
export const standby = { same: OF_A_STANDBY, any: OF_FEWER_STANDBYS }
/** The same when it may be the primary that is hit. */
export const whole = { same: OF_A_STANDBY, any: [...OF_FEWER_STANDBYS, 'primary/none', 'vip/*'] }
