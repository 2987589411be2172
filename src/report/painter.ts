import { toTerminal } from '../lib/terminal.ts'

const HIDE = '\u001b[?25l'
const SHOW = '\u001b[?25h'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'
const up = (lines: number): string => (lines > 0 ? `\u001b[${lines}A\r` : '\r')

/** The part of a terminal stream that drawing needs. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  write(text: string): unknown
}

/**
 * Draws a block of lines over itself at the bottom of the terminal and puts lasting lines above it. Each
 * drawing is one write, rewrites line by line and clears only what is left over: nothing is ever blank
 * between two drawings.
 */
export class Painter {
  readonly #screen: Screen
  #drawn: readonly string[] = []
  #above: string[] = []
  #hidden = false
  #size = { columns: 0, rows: 0 }

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** Queues lasting lines for the next drawing. */
  log(text: string): void {
    this.#above = this.#above.concat(text.split('\n'))
  }

  /** Draws the block; does nothing when nothing changed. */
  draw(lines: readonly string[]): void {
    const same = lines.length === this.#drawn.length && lines.every((line, at) => line === this.#drawn[at])
    if (same && this.#above.length === 0) return
    const body = [...this.#above, ...lines].map((line) => `${toTerminal(line)}${CLEAR_LINE}\n`).join('')
    const text = `${this.#hidden ? '' : HIDE}${this.#home()}${body}${CLEAR_BELOW}`
    this.#hidden = true
    this.#above = []
    this.#drawn = lines
    this.#screen.write(text)
  }

  /** Takes the block off the terminal, prints what was queued and shows the cursor again. */
  clear(): void {
    const above = this.#above.map((line) => `${toTerminal(line)}${CLEAR_LINE}\n`).join('')
    const text = `${this.#home()}${above}${CLEAR_BELOW}${this.#hidden ? SHOW : ''}`
    if (this.#hidden || above !== '') this.#screen.write(text)
    this.#hidden = false
    this.#above = []
    this.#drawn = []
  }

  /**
   * To the block's first line. A terminal that was made narrower or lower has moved the lines in its own
   * way: then the old block stays where it is, so that no lasting line is overwritten.
   */
  #home(): string {
    const { columns, rows } = this.#screen
    const moved = columns !== this.#size.columns || rows < this.#size.rows
    const height = moved ? 0 : this.#drawn.length
    this.#size = { columns, rows }
    return up(height)
  }
}
