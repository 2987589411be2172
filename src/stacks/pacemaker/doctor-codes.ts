import type { Catalog } from '../../cluster/doctor/catalog.ts'
import { entry, OF_FEWER_STANDBYS } from '../../cluster/doctor/codes/entry.ts'

/** Codes that only this stack says. */
export const catalog: Catalog = [
  entry(
    'standby/lock-left',
    31,
    'A former primary did not stop cleanly; the lock file of the agent keeps it out until its data has been compared.',
    '`repair-standby`',
    {
      same: ['standby/*', 'failures/*'],
      any: OF_FEWER_STANDBYS,
    },
  ),
  entry(
    'primary/locked-out',
    30,
    'The last primary has every commit and is kept out by its lock file; nobody else may be promoted.',
    'Remove the lock file there while nobody else was promoted, then `cleanup`.',
    {
      same: ['standby/*', 'failures/*', 'postgres/*'],
      any: ['primary/none', 'vip/*', 'sync/*'],
    },
  ),
  entry(
    'vip/reader-misplaced',
    67,
    'The reader VIP is on the primary beside a standby that could carry it.',
    'It moves by itself; where it was given up, `cleanup`.',
  ),
]
