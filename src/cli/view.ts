import type { View } from '../report/view.ts'
import { giveTerminal, interactive, note, out, paint } from './io.ts'
import type { Format } from './options.ts'

/**
 * Opens the view of one run: live on a terminal, plain lines elsewhere (on standard error with `json`),
 * JSON lines for `jsonl`. Close it before
 * the result is printed.
 */
export async function openView(options: {
  readonly format?: Format
  readonly verbose: number
}): Promise<View> {
  const { format = 'text', verbose } = options
  const line = (text: string): void => void note(text)
  if (format === 'jsonl') {
    const { jsonlView } = await import('../report/jsonl.ts')
    return jsonlView((text) => void out(`${text}\n`), line)
  }
  if (format === 'text' && interactive()) {
    const { liveView } = await import('../report/live.ts')
    const live = liveView({ screen: process.stdout, paint: paint(), verbose })
    giveTerminal(live)
    // Whatever ends the process: the cursor must not stay hidden.
    process.once('exit', live.pause)
    return {
      ...live,
      close: async () => {
        await live.close()
        giveTerminal(undefined)
      },
    }
  }
  const { plainView } = await import('../report/plain.ts')
  const write = format === 'text' ? (text: string): void => void out(`${text}\n`) : line
  return plainView({ write, progress: line, verbose })
}
