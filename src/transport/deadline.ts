/** A timer that stands still while somebody types a password. */
export class Deadline {
  readonly #fire: () => void
  #left: number
  #since = 0
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number, fire: () => void) {
    this.#left = ms
    this.#fire = fire
    this.#start()
  }

  /** Runs `work` with the clock stopped. */
  async pauseFor<T>(work: () => Promise<T>): Promise<T> {
    this.clear()
    this.#left -= performance.now() - this.#since
    try {
      return await work()
    } finally {
      this.#start()
    }
  }

  clear(): void {
    clearTimeout(this.#timer)
  }

  #start(): void {
    this.#since = performance.now()
    this.#timer = setTimeout(this.#fire, Math.max(0, this.#left))
  }
}
