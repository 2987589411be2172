import { bytesToText, textToBytes } from '../lib/bytes.ts'

/** Output waits until there is this much of it, so that the lines of one host stand together. */
const BLOCK_BYTES = 64 * 1024
/** A line that is longer than this is broken. */
const LONGEST_LINE = 1024 * 1024

export interface LineOptions {
  /** Stands before every line. */
  readonly prefix: string
  readonly mask: (text: string) => string
  /** Length of the longest text that `mask` hides: a block never ends within one. */
  readonly longest: number
  readonly write: (text: string) => Promise<void>
}

/** Where a block may end: behind a line, and not within what is masked; undefined: more has to come first. */
function cutOf(text: string, { mask, longest }: LineOptions): number | undefined {
  const last = text.length - longest
  for (let at = text.lastIndexOf('\n', last), tries = 0; at >= 0 && tries < 100; tries++) {
    const [head, tail] = [text.slice(0, at + 1), text.slice(at + 1)]
    if (mask(head) + mask(tail) === mask(text)) return at + 1
    at = at === 0 ? -1 : text.lastIndexOf('\n', at - 1)
  }
  return text.length > LONGEST_LINE + longest ? last : undefined
}

function prefixed(text: string, prefix: string): string {
  if (text === '') return ''
  const lines = text.replace(/\n$/, '').split('\n')
  return lines.map((line) => `${prefix}${line}\n`).join('')
}

/** Prints the output of one host while it comes: whole lines in blocks, however long it is. */
export class HostLines {
  readonly #options: LineOptions
  #pieces: Buffer[] = []
  #size = 0

  constructor(options: LineOptions) {
    this.#options = options
  }

  /** Takes more output; a promise when it is being written and no more should come meanwhile. */
  push(data: Buffer): Promise<void> | undefined {
    this.#pieces.push(data)
    this.#size += data.length
    if (this.#size < BLOCK_BYTES) return undefined
    const text = this.#take()
    const cut = cutOf(text, this.#options)
    const rest = textToBytes(text.slice(cut ?? 0))
    this.#pieces = [rest]
    this.#size = rest.length
    return cut === undefined ? undefined : this.#write(text.slice(0, cut))
  }

  /** Writes what is left. */
  end(): Promise<void> {
    return this.#write(this.#take())
  }

  #take(): string {
    const text = bytesToText(Buffer.concat(this.#pieces))
    this.#pieces = []
    this.#size = 0
    return text
  }

  #write(text: string): Promise<void> {
    const { mask, prefix, write } = this.#options
    return write(prefixed(mask(text), prefix))
  }
}
