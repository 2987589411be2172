import { AnswerReader } from './answer.ts'
import type { Reply } from './answer.ts'
import { encodeCancel, encodeProgress, encodeTimeout } from './frames.ts'
import type { Command } from './transport.ts'

const DEFAULT_TIMEOUT_MS = 120_000
/** Between TERM and KILL. */
const GRACE_MS = 2000
/** Between KILL and giving the session up: for a command, and for what the user has interrupted. */
const DEATH_MS = 15_000
const INTERRUPTED_DEATH_MS = 1000
const LONGEST_TICK_MS = 1000
const SHORTEST_TICK_MS = 50
/** How long a runner may leave a question open when the time of its command is over: the command's own, within these. */
const LEAST_PATIENCE_MS = 5000
const MOST_PATIENCE_MS = 15_000
/** What is over when the last command has ended: an answer takes this long, and a second more for each so many bytes. */
const DELIVERY_MS = 60_000
const SLOWEST_BYTES_PER_MS = 1
/** The longest answer that is kept, and how many other bytes may come beside it. */
const ANSWER_BYTES = 64 * 1024 * 1024
const STRAY_BYTES = 16 * 1024 * 1024

const timeoutOf = (command: Command | undefined): number => command?.timeoutMs ?? DEFAULT_TIMEOUT_MS

const patienceFor = (command: Command | undefined): number =>
  Math.max(LEAST_PATIENCE_MS, Math.min(MOST_PATIENCE_MS, timeoutOf(command)))

/** What an exchange may do to its session. */
export interface ExchangeLink {
  readonly mark: string
  readonly send: (frame: Buffer) => void
  /** The runner does not obey: end the session. */
  readonly giveUp: (why: string) => void
  /** Takes streamed output. */
  readonly output: (data: Buffer) => void
}

/**
 * One request on the wire until its answer is complete: takes the answer apart, asks the runner now and then which
 * command runs (short batches never get asked), and kills a command that is over its time. The clock of a
 * command starts when it is first seen running, so a timeout comes late by at most one tick, never early.
 * The host is not trusted to keep time: a runner that does not answer, does not get rid of a command, does not come
 * to an end or sends without an end is given up by the clock here.
 */
export class Exchange {
  readonly commands: readonly Command[]
  readonly answer: Promise<readonly Reply[]>
  /** Indexes of commands that were killed for their timeout. */
  readonly overdue = new Set<number>()
  readonly #link: ExchangeLink
  readonly #reader: AnswerReader
  #settled = false
  #resolve: (replies: readonly Reply[]) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #current = 0
  #since = performance.now()
  /** When the open question was asked. */
  #asked: number | undefined
  #killedAt = 0
  #received = 0
  #streamed = 0
  #held = false
  #timer: NodeJS.Timeout | undefined

  constructor(id: number, commands: readonly Command[], link: ExchangeLink) {
    this.commands = commands
    this.#link = link
    this.#reader = new AnswerReader(link.mark, id, (data) => {
      this.#streamed += data.length
      link.output(data)
    })
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** The runner has the request now: the clocks start. */
  started(): void {
    this.#since = performance.now()
    this.#schedule()
  }

  /** More bytes of the answer. */
  data(chunk: Buffer): void {
    if (this.#settled) return
    this.#received += chunk.length
    this.#reader.push(chunk)
    if (this.#reader.complete) this.#finish()
    else if (this.#reader.kept > ANSWER_BYTES) this.#giveUp('an answer is longer than 64 MB')
    else this.#stray()
  }

  /** Bytes beside the answer. */
  noise(bytes: number): void {
    this.#received += bytes
    this.#stray()
  }

  /** Nothing is read from the host until it is let go again: its silence says nothing. */
  hold(held: boolean): void {
    this.#held = held
    if (this.#asked !== undefined) this.#asked = performance.now()
  }

  /** The answer to a progress frame. */
  progress(index: number): void {
    this.#asked = undefined
    // Only forwards: the clock of a command starts once.
    if (index > this.#current) {
      this.#current = Math.min(index, this.commands.length)
      this.#since = performance.now()
      this.#received = 0
    }
    this.#check()
  }

  /** Kills what runs, skips the rest; the answer still comes, or the session is ended. */
  cancel(): void {
    if (this.#settled) return
    clearTimeout(this.#timer)
    this.#link.send(encodeCancel('TERM'))
    const gone = (): void => this.#giveUp('it did not answer an interrupt')
    if (this.#asked !== undefined && performance.now() - this.#asked > GRACE_MS) return gone()
    this.#timer = setTimeout(() => {
      this.#link.send(encodeCancel('KILL'))
      this.#timer = setTimeout(gone, INTERRUPTED_DEATH_MS)
    }, GRACE_MS)
  }

  fail(error: unknown): void {
    this.#settled = true
    clearTimeout(this.#timer)
    this.#reject(error)
  }

  #finish(): void {
    this.#settled = true
    clearTimeout(this.#timer)
    this.#resolve(this.#reader.replies())
  }

  #giveUp(why: string): void {
    clearTimeout(this.#timer)
    this.#link.giveUp(why)
  }

  #stray(): void {
    if (this.#received - this.#reader.kept - this.#streamed > STRAY_BYTES)
      this.#giveUp('it sends without an end')
  }

  /** What the clock here says, whatever the runner does. */
  #check(): void {
    clearTimeout(this.#timer)
    if (this.#settled) return
    const why = this.#current < this.commands.length ? this.#command() : this.#delivery()
    if (why === undefined) this.#schedule()
    else this.#giveUp(why)
  }

  /** Stops a command that is over its time; says why when nothing more can be hoped for. */
  #command(): string | undefined {
    const [index, now] = [this.#current, performance.now()]
    const command = this.commands[index]
    if (now - this.#since < timeoutOf(command)) return undefined
    if (!this.overdue.has(index)) {
      this.overdue.add(index)
      this.#killedAt = now
      this.#link.send(encodeTimeout(index, 'TERM'))
      return undefined
    }
    if (now - this.#killedAt >= GRACE_MS) this.#link.send(encodeTimeout(index, 'KILL'))
    if (this.#held) return undefined
    const silent = this.#asked === undefined ? 0 : now - this.#asked
    if (silent >= patienceFor(command)) return `the host has not answered for ${Math.round(silent / 1000)} s`
    return now - this.#killedAt >= GRACE_MS + DEATH_MS ? 'a command could not be stopped' : undefined
  }

  #delivery(): string | undefined {
    const late = performance.now() - this.#since - this.#received / SLOWEST_BYTES_PER_MS
    return late < DELIVERY_MS || this.#held ? undefined : 'the answer did not come to an end'
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.#settled) return
    const left = this.#since + timeoutOf(this.commands[this.#current]) - performance.now()
    const near = left > 0 ? left : GRACE_MS / 4
    const tick = Math.max(SHORTEST_TICK_MS, Math.min(LONGEST_TICK_MS, near, this.#shortest() / 4))
    this.#timer = setTimeout(() => this.#tick(), tick)
  }

  /** Asks, when no question is open; looks at the clock when the last answer is missing. */
  #tick(): void {
    if (this.#asked === undefined) {
      this.#asked = performance.now()
      this.#link.send(encodeProgress())
      this.#schedule()
    } else this.#check()
  }

  #shortest(): number {
    return Math.min(...this.commands.map(timeoutOf))
  }
}
