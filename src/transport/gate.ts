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
const PER_SERVER = 8
const IN_ALL = 32

/** The cap on handshakes under way: in all, and for each server, which is an address with a port, or a jump host. */
export class HandshakeGates {
  readonly #all = new Gate(IN_ALL)
  readonly #byServer = new Map<string, Gate>()

  async enter(server: string): Promise<() => void> {
    const gate = this.#byServer.get(server) ?? new Gate(PER_SERVER)
    this.#byServer.set(server, gate)
    const leaveServer = await gate.enter()
    const leaveAll = await this.#all.enter()
    return () => {
      leaveAll()
      leaveServer()
    }
  }
}
