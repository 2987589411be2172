/** Positions in the WAL. The code is with the PostgreSQL modules, which stand on a lower floor and need it too. */
export { formatLsn, laterLsn, lsnDistance, parseLsn } from '../modules/postgres/lsn.ts'
export type { Lsn } from '../modules/postgres/lsn.ts'
