import type { DrillResult } from '../../cluster/drill/result.ts'

/** Lists of numbers that JSON.stringify has broken into lines. No text holds a line break in JSON, so nothing else matches. */
const NUMBERS = /\[\n\s+(-?\d[\d.e+-]*(?:,\n\s+-?\d[\d.e+-]*)*)\n\s+\]/g

/** A result as the text of its file: indented, but a time line on one line, not one line for each of its numbers. */
export const resultText = (result: DrillResult): string =>
  `${JSON.stringify(result, undefined, 1).replaceAll(NUMBERS, (_, numbers: string) => `[${numbers.replaceAll(/\s+/g, '')}]`)}\n`
