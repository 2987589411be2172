import { visibleJson } from '../lib/terminal.ts'
import type { View } from './view.ts'

/** One JSON object a line, one for every event, as it happens. Secrets are masked by their type. */
export function jsonlView(write: (line: string) => void, log: (text: string) => void): View {
  return {
    emit: (event) => write(visibleJson(JSON.stringify(event))),
    log,
    pause: () => undefined,
    resume: () => undefined,
    close: () => Promise.resolve(),
  }
}
