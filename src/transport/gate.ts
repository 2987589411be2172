/** Lets at most `limit` holders in at a time; the others wait in line. */
export class Gate {
  #limit: number
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
      // A limit that was lowered meanwhile leaves places empty.
      const next = this.#inside <= this.#limit ? this.#waiting.shift() : undefined
      if (next) next()
      else this.#inside--
    }
  }

  /** Lets fewer in from now on; one always. */
  narrow(): void {
    this.#limit = Math.max(1, Math.floor(this.#limit / 2))
  }
}

/** sshd drops connections at random above 10 unauthenticated ones (MaxStartups 10:30:100). */
const PER_SERVER = 8
const IN_ALL = 32

/** The cap on handshakes under way: in all, and for each server, which is an address with a port, or a jump host. */
export class HandshakeGates {
  readonly #all = new Gate(IN_ALL)
  readonly #byServer = new Map<string, Gate>()

  /** A server that drops connections gets fewer at a time. */
  narrow(server: string): void {
    this.#gate(server).narrow()
  }

  #gate(server: string): Gate {
    const gate = this.#byServer.get(server) ?? new Gate(PER_SERVER)
    this.#byServer.set(server, gate)
    return gate
  }

  async enter(server: string): Promise<() => void> {
    const leaveServer = await this.#gate(server).enter()
    const leaveAll = await this.#all.enter()
    return () => {
      leaveAll()
      leaveServer()
    }
  }
}
