/** Lets at most `limit` holders in at a time; the others wait in line. */
export class Gate {
  readonly #limit: number
  #inside = 0
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Resolves when there is room; the holder calls the result to leave. */
  async enter(): Promise<() => void> {
    if (this.#inside < this.#limit) this.#inside++
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let left = false
    return () => {
      if (left) return
      left = true
      const next = this.#waiting.shift()
      if (next) next()
      else this.#inside--
    }
  }
}

/** sshd drops connections at random above 10 unauthenticated ones (MaxStartups 10:30:100). */
const PER_ADDRESS = 8
const IN_ALL = 32

/** The cap on handshakes under way: in all, and for each address that accepts the TCP connection. */
export class HandshakeGates {
  readonly #all = new Gate(IN_ALL)
  readonly #byAddress = new Map<string, Gate>()

  async enter(address: string): Promise<() => void> {
    const gate = this.#byAddress.get(address) ?? new Gate(PER_ADDRESS)
    this.#byAddress.set(address, gate)
    const leaveAddress = await gate.enter()
    const leaveAll = await this.#all.enter()
    return () => {
      leaveAll()
      leaveAddress()
    }
  }
}
