import type { TObject } from 'typebox'
import type { Described } from '../../lib/type.ts'
import type { originSchema } from './origin-schema.ts'
import type {
  checkSchema,
  clashSchema,
  divergenceSchema,
  drillSchema,
  gapSchema,
  latencySchema,
  lostSchema,
  outageSchema,
  overlapSchema,
  partSchema,
  readerSchema,
  runSchema,
  sampleSchema,
  scenarioSchema,
  seriesSchema,
  verdictSchema,
  walSchema,
} from './result-schema.ts'

/** A whole drill; or several in one, then with the first one's origin at the top. */
export type DrillResult = Described<typeof drillSchema>
/** One run of one scenario. All moments are milliseconds since 1970. */
export type RunResult = Described<typeof runSchema>
/** What all runs of a scenario came to. */
export type ScenarioSummary = Described<typeof scenarioSchema>
/** What a drill's numbers depend on: who ran it, on what, how, and how to run it again. */
export type Origin = Described<TObject<typeof originSchema>>
/** A host as it was before anything was broken. */
export type HostFacts = Origin['environment']['hosts'][string]

export type Check = Described<typeof checkSchema>
export type Clash = Described<typeof clashSchema>
export type Divergence = Described<typeof divergenceSchema>
export type Gap = Described<typeof gapSchema>
export type Latencies = Described<typeof latencySchema>
export type LostWrite = Described<typeof lostSchema>
export type Outage = Described<typeof outageSchema>
export type Overlap = Described<typeof overlapSchema>
export type Part = Described<typeof partSchema>
export type ReaderReport = Described<typeof readerSchema>
/** What one look at a host found. */
export type Look = Described<typeof sampleSchema>
/** Acknowledged and failed writes in each step of time, for a time line. */
export type Series = Described<typeof seriesSchema>
/** What a comparison of the ledger with one member's tables found. */
export type Verdict = Described<typeof verdictSchema>
export type WalLoss = Described<typeof walSchema>

/** Version of the shape of a result: it changes when a reader of an older one would be misled. */
export const RESULT_FORMAT = 1
