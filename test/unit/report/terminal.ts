/** A terminal of a size that understands what the painter writes, keeps what scrolls off, and counts clears. */
export class Terminal {
  columns: number
  readonly rows: number
  readonly writes: string[] = []
  readonly scrolledOff: string[] = []
  #lines: string[] = ['']
  #row = 0
  #col = 0

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
  }

  write(text: string): void {
    this.writes.push(text)
    for (const token of text.match(/\u001b\[\??[0-9;]*[A-Za-z]|[^\u001b]/gu) ?? []) this.#apply(token)
  }

  /** The lines on the screen. */
  screen(): string[] {
    return this.#lines.map((line) => line.trimEnd())
  }

  #apply(token: string): void {
    if (token === '\n') this.#newline()
    else if (token === '\r') this.#col = 0
    else if (token.endsWith('A')) this.#row = Math.max(0, this.#row - Number(token.slice(2, -1)))
    else if (token === '\u001b[K') this.#lines[this.#row] = this.#line().slice(0, this.#col)
    else if (token === '\u001b[J') {
      this.#lines[this.#row] = this.#line().slice(0, this.#col)
      this.#lines.length = this.#row + 1
    } else if (!token.startsWith('\u001b')) this.#put(token)
  }

  #line(): string {
    return this.#lines[this.#row] ?? ''
  }

  #put(char: string): void {
    if (this.#col >= this.columns) this.#newline()
    const line = this.#line().padEnd(this.#col)
    this.#lines[this.#row] = line.slice(0, this.#col) + char + line.slice(this.#col + 1)
    this.#col++
  }

  #newline(): void {
    this.#row++
    this.#col = 0
    this.#lines[this.#row] ??= ''
    if (this.#row < this.rows) return
    this.scrolledOff.push((this.#lines.shift() ?? '').trimEnd())
    this.#row--
  }
}
