/** Where clients connect: one address, or several of which the one that takes writes is chosen. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** A reader and the address it asks. */
export interface ReaderConfig {
  /** One word: `reader`, or the name of a member. */
  readonly name: string
  readonly endpoint: Endpoint
}

/** What the client program gets on its standard input as one line of JSON. It may hold a password: never an argument. */
export interface ClientConfig {
  readonly ledger: string
  readonly writers: readonly Endpoint[]
  readonly readers: readonly ReaderConfig[]
  readonly user: string
  readonly password: string
  readonly database: string
  /** Writes a second, over all connections. */
  readonly rate: number
  readonly connections: number
  /** Reads a second, each reader. */
  readonly readRate: number
  readonly connectTimeoutMs: number
  /** How long the client waits for an answer. */
  readonly answerTimeoutMs: number
  /** The client ends by itself after this long, whatever happened to its controller. */
  readonly endsAfterMs: number
}

/** The schema that holds the tables of a drill; made for a run and removed at its end. */
export const SCHEMA = 'hactl_drill'
/** The mark by which hactl knows its own schema. */
export const SCHEMA_COMMENT = 'made by hactl drill; may be dropped'
