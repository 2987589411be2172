/** What one write does: a row; three rows in one transaction; a row and one step of a counter in one transaction. */
export type WriteKind = 'row' | 'multi' | 'count'

/** Rows of a write by its kind. */
export const PARTS: Readonly<Record<WriteKind, number>> = { row: 1, multi: 3, count: 1 }

/**
 * How a write ended for the client. `ack`: acknowledged. `warned`: acknowledged, with the server's warning that no
 * standby has confirmed it, so that a careful application does not count on it. `refused`: the server answered with
 * an error. `silent`: no answer came.
 */
export type Result = 'ack' | 'warned' | 'refused' | 'silent'

/** One write as its client saw it. Times are milliseconds since 1970 by the client's clock. */
export interface Write {
  readonly id: number
  readonly worker: number
  readonly kind: WriteKind
  readonly sentAt: number
  /** The server it was sent to: when that server was started, in microseconds since 1970. */
  readonly server: string
  readonly result?: Result
  readonly answeredAt?: number
  /** SQLSTATE, the error code of the socket, or `timeout`. */
  readonly error?: string
}

/** One read of the newest number at a reader. */
export interface Read {
  readonly reader: string
  readonly sentAt: number
  readonly at: number
  readonly server: string
  /** The greatest number it saw. */
  readonly newest: number
}

/** A connection that was made, or (with an error) was not, or a read that failed. */
export interface Contact {
  readonly who: string
  readonly at: number
  readonly server?: string
  readonly error?: string
}

/** All that the clients of a drill have noted. */
export interface Ledger {
  readonly writes: ReadonlyMap<number, Write>
  readonly reads: readonly Read[]
  readonly contacts: readonly Contact[]
  readonly readErrors: readonly Contact[]
}

interface Growing {
  readonly writes: Map<number, Write>
  readonly reads: Read[]
  readonly contacts: Contact[]
  readonly readErrors: Contact[]
}

const time = (ms: number): string => ms.toFixed(1)
/** One word: the fields of a line are apart by spaces. */
const word = (text: string): string => text.replaceAll(/\s+/g, '_') || '-'

/** Lines of the ledger file, without their line ends. A line is written before a write is sent and after it ended. */
export const line = {
  intent: (write: Write): string =>
    ['w', write.id, write.worker, write.kind, time(write.sentAt), word(write.server)].join(' '),
  answer: (id: number, result: Result, at: number, error?: string): string =>
    ['a', id, result, time(at), word(error ?? '')].join(' '),
  contact: ({ who, at, server, error }: Contact): string =>
    ['c', who, time(at), word(server ?? ''), word(error ?? '')].join(' '),
  read: ({ reader, sentAt, at, server, newest }: Read): string =>
    ['r', reader, time(sentAt), time(at), word(server), newest].join(' '),
  readError: ({ who, at, error }: Contact): string => ['e', who, time(at), word(error ?? '')].join(' '),
} as const

const given = (text: string | undefined): string | undefined =>
  text === undefined || text === '-' ? undefined : text

function contactOf(who = '', at = '', server?: string, error?: string): Contact {
  const [known, failed] = [given(server), given(error)]
  return {
    who,
    at: Number(at),
    ...(known !== undefined && { server: known }),
    ...(failed !== undefined && { error: failed }),
  }
}

function answer(ledger: Growing, [id = '', result = '', at = '', error]: readonly string[]): void {
  const write = ledger.writes.get(Number(id))
  if (write === undefined) return
  const failed = given(error)
  const more = { result: result as Result, answeredAt: Number(at) }
  ledger.writes.set(write.id, { ...write, ...more, ...(failed !== undefined && { error: failed }) })
}

function addLine(ledger: Growing, text: string): void {
  const [what, ...fields] = text.split(' ')
  const [a = '', b = '', c = '', d = '', e = ''] = fields
  if (what === 'w') {
    const write = { id: Number(a), worker: Number(b), kind: c as WriteKind, sentAt: Number(d), server: e }
    ledger.writes.set(write.id, write)
  } else if (what === 'a') answer(ledger, fields)
  else if (what === 'c') ledger.contacts.push(contactOf(a, b, c, d))
  else if (what === 'e') ledger.readErrors.push(contactOf(a, b, undefined, c))
  else if (what === 'r')
    ledger.reads.push({ reader: a, sentAt: Number(b), at: Number(c), server: d, newest: Number(e) })
}

/** A ledger that grows as its text comes. */
export interface LedgerReader {
  readonly ledger: Ledger
  /** Takes the next piece of text; a line that is not complete waits for the rest. */
  readonly add: (text: string) => void
}

export function ledgerReader(): LedgerReader {
  const ledger: Growing = { writes: new Map(), reads: [], contacts: [], readErrors: [] }
  let open = ''
  return {
    ledger,
    add: (text) => {
      const lines = (open + text).split('\n')
      open = lines.pop() ?? ''
      for (const each of lines) addLine(ledger, each)
    },
  }
}

/** A whole ledger from its text; a line that was being written when it was read is left out. */
export function parseLedger(text: string): Ledger {
  const reader = ledgerReader()
  reader.add(text)
  return reader.ledger
}

/** The acknowledged writes in the order of their acknowledgements. */
export const acknowledged = (ledger: Ledger): readonly (Write & { readonly answeredAt: number })[] =>
  [...ledger.writes.values()]
    .filter((write): write is Write & { readonly answeredAt: number } => write.result === 'ack')
    .toSorted((a, b) => a.answeredAt - b.answeredAt)
