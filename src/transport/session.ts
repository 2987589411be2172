import type { Reply } from './answer.ts'
import { Exchange } from './exchange.ts'
import { decodeProgress, encodeBatch, encodeEnd } from './frames.ts'
import type { Frame } from './frames.ts'
import { Greeting, Said } from './greeting.ts'
import type { HactlError } from '../diag/diagnostic.ts'
import { cancelledError, transportError } from './opener.ts'
import type { Ending, Opener, Pipe } from './opener.ts'
import { createRunner } from './runner.ts'
import type {
  BatchOptions,
  Command,
  CommandResult,
  FileUpload,
  Transport,
  TransportStats,
} from './transport.ts'
import { uploadFile } from './upload.ts'

/** From opening the channel to the runner's first word; sudo's PAM modules may take their time. */
const HELLO_MS = 30_000
/** How long a closed session is waited for; the runner itself needs at most about two seconds. */
const CLOSE_MS = 4000
/** How much may come from a host that was asked for nothing. */
const IDLE_BYTES = 1024 * 1024

const NOT_RUN: CommandResult = { code: 125, stdout: '', stderr: '', notRun: true }

const isOk = (command: Command | undefined, { code, timedOut }: CommandResult): boolean =>
  timedOut !== true && (command?.okCodes === 'any' || (command?.okCodes ?? [0]).includes(code))

/** The one implementation of Transport that talks to a runner; how the runner is reached is the opener's part. */
export class RunnerSession implements Transport {
  readonly host: string
  readonly #opener: Opener
  readonly #runner = createRunner()
  readonly #stats = { roundTrips: 0, commands: 0, bytesSent: 0, bytesReceived: 0 }
  #queue: Promise<unknown> = Promise.resolve()
  #pipe: Pipe | undefined
  #exchange: Exchange | undefined
  #failure: unknown
  #started = false
  #greeting: Greeting
  readonly #said = new Said()
  readonly #helloMs: number
  #idleBytes = 0
  #atEnd = ''
  #toldAtEnd = ''
  #helloTimer: NodeJS.Timeout | undefined
  #closing = false
  #ended: () => void = () => {}

  /** `helloMs`: how long a shell may take to start, when that is more than usual. */
  constructor(opener: Opener, helloMs = 0) {
    this.host = opener.host
    this.#opener = opener
    this.#helloMs = Math.max(HELLO_MS, helloMs)
    this.#greeting = new Greeting(this.#runner.mark)
  }

  stats(): TransportStats {
    return { ...this.#stats }
  }

  batch(commands: readonly Command[], options: BatchOptions = {}): Promise<readonly CommandResult[]> {
    const result = this.#queue.then(() => this.#batch(commands, options))
    this.#queue = result.catch(() => {})
    return result
  }

  upload(file: FileUpload): Promise<CommandResult> {
    return uploadFile(this, file)
  }

  atEnd(line: string): void {
    if (line.includes('\n')) throw new Error('transport: what is done at the end is one line')
    this.#atEnd = line
    if (this.#started) this.#tellAtEnd()
  }

  #tellAtEnd(): void {
    if (this.#atEnd === this.#toldAtEnd) return
    this.#toldAtEnd = this.#atEnd
    this.#send(encodeEnd(this.#atEnd))
  }

  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    const busy = this.#exchange !== undefined
    this.#exchange?.fail(cancelledError(this.host))
    this.#failure ??= transportError('lost', this.host, `${this.host}: the session is closed`)
    const pipe = this.#pipe
    // An idle runner removes its folder when its input ends, whether we wait for it (a round trip) or not.
    if (!busy) pipe?.end()
    else if (pipe) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSE_MS)
        this.#ended = () => {
          clearTimeout(timer)
          resolve()
        }
        pipe.end()
      })
      pipe.destroy()
    }
    clearTimeout(this.#helloTimer)
    await this.#opener.close()
  }

  async #batch(commands: readonly Command[], options: BatchOptions): Promise<readonly CommandResult[]> {
    const { signal } = options
    const results: CommandResult[] = []
    // A command that had to be killed with KILL takes its shell along: the rest travels as another request.
    while (results.length < commands.length) {
      if (signal?.aborted) throw cancelledError(this.host)
      if (this.#failure !== undefined) throw this.#failure
      const rest = commands.slice(results.length)
      const done = await this.#request(rest, options)
      results.push(...done)
      const last = done.at(-1)
      if (options.failFast === true && (!last || !isOk(commands[results.length - 1], last))) break
    }
    this.#stats.commands += results.length
    return [...results, ...Array.from({ length: commands.length - results.length }, () => NOT_RUN)]
  }

  async #request(
    commands: readonly Command[],
    { failFast = false, signal, output }: BatchOptions,
  ): Promise<readonly CommandResult[]> {
    const id = ++this.#stats.roundTrips
    const frame = encodeBatch(id, commands, failFast)
    const exchange = new Exchange(id, commands, {
      mark: this.#runner.mark,
      send: (data) => this.#send(data),
      giveUp: (why) =>
        this.#fail(
          signal?.aborted
            ? cancelledError(this.host)
            : transportError('lost', this.host, `${this.host}: the session was given up: ${why}`),
        ),
      output: (data) => this.#output(signal?.aborted ? undefined : output?.(data)),
    })
    this.#exchange = exchange
    this.#idleBytes = 0
    const interrupt = (): void => this.#interrupt(exchange)
    signal?.addEventListener('abort', interrupt, { once: true })
    try {
      if (this.#started) {
        for (const part of [frame.header, frame.script, ...frame.bodies]) this.#send(part)
        exchange.started()
      } else this.#open(frame)
      const replies = await exchange.answer
      if (signal?.aborted) throw cancelledError(this.host)
      return replies.map((reply, index) => this.#result(reply, exchange.overdue.has(index)))
    } finally {
      signal?.removeEventListener('abort', interrupt)
      this.#exchange = undefined
    }
  }

  /** Streamed output has a reader that may be slow: meanwhile nothing is read from the host. */
  #output(taken: Promise<void> | undefined): void {
    if (taken === undefined) return
    const hold = (held: boolean): void => {
      this.#exchange?.hold(held)
      this.#pipe?.hold(held)
    }
    hold(true)
    const goOn = (): void => hold(false)
    void taken.then(goOn, goOn)
  }

  #result(reply: Reply, overdue: boolean): CommandResult {
    if (reply.lost) {
      throw transportError('shell', this.host, `${this.host}: the output of a command was lost`, {
        hint: `free space in /run, /dev/shm or /tmp on ${this.host}`,
      })
    }
    const { code, stdout, stderr } = reply
    return overdue && reply.hit ? { code: 124, stdout, stderr, timedOut: true } : { code, stdout, stderr }
  }

  #interrupt(exchange: Exchange): void {
    if (this.#started) exchange.cancel()
    else this.#fail(cancelledError(this.host))
  }

  #send(data: Buffer): void {
    this.#stats.bytesSent += data.length
    this.#pipe?.write(data)
  }

  #open(frame: Frame): void {
    const script = this.#runner.script(frame.script)
    this.#toldAtEnd = this.#atEnd
    const atEnd = this.#atEnd === '' ? [] : [encodeEnd(this.#atEnd)]
    const early = Buffer.concat([script, ...atEnd, frame.header, ...frame.bodies])
    this.#stats.bytesSent += early.length
    this.#said.clear()
    this.#helloTimer = setTimeout(() => this.#fail(this.#noHello()), this.#helloMs)
    const opening = this.#opener.open(this.#runner.boot(script), early, {
      stdout: (data) => this.#stdout(data),
      stderr: (data) => this.#stderr(data),
      closed: (ending) =>
        void this.#closed({ ...ending, started: this.#started, said: this.#said.text }, frame),
    })
    opening.then(
      (pipe) => {
        this.#pipe = pipe
        if (this.#failure !== undefined) pipe.destroy()
      },
      (error: unknown) => this.#fail(error),
    )
  }

  #noHello(): HactlError {
    const detail = this.#said.text.trim()
    const summary = `${this.host}: no answer from a shell after ${this.#helloMs / 1000} s`
    return transportError('shell', this.host, summary, {
      ...(detail && { detail }),
      hint: `if its login takes longer than that, give it more: ansible_ssh_timeout: ${(this.#helloMs / 1000) * 2}`,
    })
  }

  #stdout(data: Buffer): void {
    this.#stats.bytesReceived += data.length
    if (this.#started) return this.#answer(data)
    this.#said.add(data)
    const rest = this.#greeting.push(data)
    if (rest === undefined) return
    clearTimeout(this.#helloTimer)
    this.#started = true
    this.#said.clear()
    // It may have been said while the shell was starting; the request that waits for it has gone out already.
    this.#tellAtEnd()
    this.#exchange?.started()
    if (rest.length > 0) this.#answer(rest)
  }

  #answer(data: Buffer): void {
    if (this.#exchange) return this.#exchange.data(data)
    this.#idleBytes += data.length
    if (this.#idleBytes <= IDLE_BYTES) return
    this.#fail(transportError('lost', this.host, `${this.host}: the session was given up: it sends unasked`))
  }

  #stderr(data: Buffer): void {
    this.#stats.bytesReceived += data.length
    if (this.#started) this.#exchange?.noise(data.length)
    this.#said.add(data)
    const index = decodeProgress(this.#said.text, this.#runner.mark)
    if (index === undefined) return
    this.#said.clear()
    this.#exchange?.progress(index)
  }

  async #closed(ending: Ending, frame: Frame): Promise<void> {
    this.#pipe = undefined
    this.#ended()
    clearTimeout(this.#helloTimer)
    if (this.#closing || this.#failure !== undefined) return
    const error = await this.#opener.explain(ending).catch((reason: unknown) => reason)
    if (error === undefined) {
      this.#greeting = new Greeting(this.#runner.mark)
      this.#open(frame)
    } else this.#fail(error)
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    clearTimeout(this.#helloTimer)
    this.#exchange?.fail(error)
    this.#pipe?.destroy()
  }
}
