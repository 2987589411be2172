/** Timelines and their history. The code is with the PostgreSQL modules, which need it too. */
export {
  historyFileName,
  leftAt,
  lineage,
  parseHistory,
  timelineOfWalFile,
} from '../modules/postgres/timeline.ts'
export type { HistoryEntry } from '../modules/postgres/timeline.ts'
