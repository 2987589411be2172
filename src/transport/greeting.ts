const SAID_KEPT = 4000
const NEWLINE = 0x0a

/** The end of a text that grows, for a message: what a login says before the runner speaks, and what stands on stderr. */
export class Said {
  #text = ''

  add(data: Buffer): void {
    this.#text = (this.#text + data.subarray(-SAID_KEPT).toString()).slice(-SAID_KEPT)
  }

  clear(): void {
    this.#text = ''
  }

  get text(): string {
    return this.#text
  }
}

/** Waits for the runner's first word in what a login shell prints, however it is cut and whatever follows it. */
export class Greeting {
  readonly #word: Buffer
  #end: Buffer = Buffer.alloc(0)

  constructor(mark: string) {
    this.#word = Buffer.from(`${mark}h`)
  }

  /** What follows the word; undefined as long as it has not been said. */
  push(data: Buffer): Buffer | undefined {
    const seen = Buffer.concat([this.#end, data])
    const at = seen.indexOf(this.#word)
    if (at < 0) {
      this.#end = Buffer.from(seen.subarray(-this.#word.length))
      return undefined
    }
    const rest = seen.subarray(at + this.#word.length)
    return rest[0] === NEWLINE ? rest.subarray(1) : rest
  }
}
