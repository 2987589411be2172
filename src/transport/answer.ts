import { bytesToText } from '../lib/bytes.ts'

/** One command's part of an answer, before the controller adds what it knows about timeouts. */
export interface Reply {
  readonly code: number
  /** It was running when a kill arrived. */
  readonly hit: boolean
  /** Output (or the whole command) was lost because the work folder is full. */
  readonly lost: boolean
  readonly stdout: string
  readonly stderr: string
}

const NEWLINE = 0x0a

/** A shell names its script when a program is missing; nobody needs to know that script. */
const withoutPaths = (stderr: string): string =>
  stderr.replaceAll(/^(?:\/\S*\/\.hactl-[0-9a-f]+\/[pb]: (?:line )?(?:\d+: )?)+/gm, '')

/**
 * Takes an answer apart while it arrives. What is kept is what the records hold; bytes between an end mark and the
 * next begin mark belong to nobody and are dropped. Output that is streamed goes to `output` and is not kept.
 */
export class AnswerReader {
  readonly #mark: Buffer
  readonly #id: number | undefined
  readonly #output: (data: Buffer) => void
  readonly #outputs = new Map<string, string>()
  #rest: Buffer = Buffer.alloc(0)
  #pieces: Buffer[] = []
  #inside: 'kept' | 'streamed' | undefined
  #codes: readonly string[] | undefined
  #kept = 0

  /** Without an id the records of any batch end the answer. */
  constructor(mark: string, id?: number, output: (data: Buffer) => void = () => undefined) {
    this.#mark = Buffer.from(mark)
    this.#id = id
    this.#output = output
  }

  /** Bytes that are held in memory. */
  get kept(): number {
    return this.#kept + this.#rest.length
  }

  get complete(): boolean {
    return this.#codes !== undefined
  }

  /** More bytes; what comes after the end of the answer is dropped. */
  push(chunk: Buffer): void {
    const seen = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let from = 0
    while (!this.complete) {
      const at = seen.indexOf(this.#mark, from)
      if (at < 0) {
        // The last bytes may be the begin of a mark.
        const safe = Math.max(from, seen.length - this.#mark.length + 1)
        this.#body(seen.subarray(from, safe))
        this.#rest = Buffer.from(seen.subarray(safe))
        return
      }
      this.#body(seen.subarray(from, at))
      const newline = seen.indexOf(NEWLINE, at)
      if (newline < 0) {
        this.#rest = Buffer.from(seen.subarray(at))
        return
      }
      this.#record(seen.toString('latin1', at + this.#mark.length, newline))
      from = newline + 1
    }
    this.#rest = Buffer.alloc(0)
  }

  /** The replies of the commands that were run, once the answer is complete. */
  replies(): readonly Reply[] {
    return (this.#codes ?? []).map((code, index) => ({
      code: Number.parseInt(code, 10),
      hit: code.includes('t'),
      lost: code.includes('l'),
      stdout: this.#outputs.get(`o${index}`) ?? '',
      stderr: withoutPaths(this.#outputs.get(`e${index}`) ?? ''),
    }))
  }

  #body(data: Buffer): void {
    if (data.length === 0) return
    if (this.#inside === 'streamed') this.#output(data)
    if (this.#inside !== 'kept') return
    this.#pieces.push(data)
    this.#kept += data.length
  }

  #record(tag: string): void {
    if (tag.startsWith('d')) {
      const [id, ...codes] = tag.slice(1).split(' ')
      if (this.#id === undefined || id === String(this.#id)) this.#codes = codes
    } else if (this.#inside === 'kept' && tag !== '<') {
      this.#outputs.set(tag, bytesToText(Buffer.concat(this.#pieces)))
    }
    this.#pieces = []
    this.#inside = tag === '<' ? 'kept' : tag === '>' ? 'streamed' : undefined
  }
}

/** Takes a whole answer apart. */
export function decodeAnswer(answer: Buffer, mark: string): readonly Reply[] {
  const reader = new AnswerReader(mark)
  reader.push(answer)
  return reader.replies()
}
