import { decodeAnswer, encodeCancel, encodeProgress, encodeTimeout } from './frames.ts'
import type { Reply } from './frames.ts'
import type { Command } from './transport.ts'

const DEFAULT_TIMEOUT_MS = 120_000
/** Between TERM and KILL, and between KILL and giving the session up. */
const GRACE_MS = 2000
const LONGEST_TICK_MS = 1000
const SHORTEST_TICK_MS = 50

const timeoutOf = (command: Command | undefined): number => command?.timeoutMs ?? DEFAULT_TIMEOUT_MS

/** What an exchange may do to its session. */
export interface ExchangeLink {
  readonly mark: string
  readonly send: (frame: Buffer) => void
  /** The runner does not obey: end the session. */
  readonly giveUp: (why: string) => void
}

/**
 * One request on the wire until its answer is complete: collects the answer, asks the runner now and then which
 * command runs (short batches never get asked), and kills a command that is over its time. The clock of a
 * command starts when it is first seen running, so a timeout comes late by at most one tick, never early.
 */
export class Exchange {
  readonly id: number
  readonly commands: readonly Command[]
  readonly answer: Promise<readonly Reply[]>
  /** Indexes of commands that were killed for their timeout. */
  readonly overdue = new Set<number>()
  readonly #link: ExchangeLink
  readonly #chunks: Buffer[] = []
  readonly #end: Buffer
  #carry: Buffer = Buffer.alloc(0)
  #ending = false
  #settled = false
  #resolve: (replies: readonly Reply[]) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #current = 0
  #since = performance.now()
  #killedAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(id: number, commands: readonly Command[], link: ExchangeLink) {
    this.id = id
    this.commands = commands
    this.#link = link
    this.#end = Buffer.from(`${link.mark}d${id} `)
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
    this.#chunks.push(chunk)
    const seen = Buffer.concat([this.#carry, chunk])
    const at = this.#ending ? 0 : seen.indexOf(this.#end)
    if (at >= 0) {
      this.#ending = true
      if (seen.indexOf(0x0a, at) >= 0) this.#finish()
    }
    this.#carry = this.#ending ? Buffer.alloc(0) : seen.subarray(-this.#end.length)
  }

  /** The answer to a progress frame. */
  progress(index: number): void {
    const now = performance.now()
    if (index !== this.#current) {
      this.#current = index
      this.#since = now
    }
    if (this.overdue.has(index)) {
      if (now - this.#killedAt >= GRACE_MS) this.#link.send(encodeTimeout(index, 'KILL'))
    } else if (index < this.commands.length && now - this.#since >= timeoutOf(this.commands[index])) {
      this.overdue.add(index)
      this.#killedAt = now
      this.#link.send(encodeTimeout(index, 'TERM'))
    }
    this.#schedule()
  }

  /** Kills what runs, skips the rest; the answer still comes, or the session is ended. */
  cancel(): void {
    if (this.#settled) return
    clearTimeout(this.#timer)
    this.#link.send(encodeCancel('TERM'))
    this.#timer = setTimeout(() => {
      this.#link.send(encodeCancel('KILL'))
      this.#timer = setTimeout(() => this.#link.giveUp('it did not answer an interrupt'), GRACE_MS)
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
    this.#resolve(decodeAnswer(Buffer.concat(this.#chunks), this.#link.mark))
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.#settled) return
    const left = this.#since + timeoutOf(this.commands[this.#current]) - performance.now()
    const tick = Math.max(SHORTEST_TICK_MS, Math.min(LONGEST_TICK_MS, left, this.#shortest() / 4))
    this.#timer = setTimeout(() => {
      this.#link.send(encodeProgress())
    }, tick)
  }

  #shortest(): number {
    return Math.min(...this.commands.map(timeoutOf))
  }
}
