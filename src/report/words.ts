import { visible } from '../lib/terminal.ts'

/** `1 host`, `3 hosts`. */
export const count = (number: number, word: string): string =>
  `${String(number).replaceAll(/\B(?=(\d{3})+$)/g, ',')} ${word}${number === 1 ? '' : 's'}`

/** Cuts a text, as it is shown, to a number of columns, the last one then `…`. Wide characters are not expected here. */
export function clip(text: string, width: number): string {
  const shown = visible(text)
  return shown.length <= width ? shown : `${shown.slice(0, Math.max(0, width - 1))}…`
}

/** Breaks a list into lines that fit; a single longer word stands alone. */
export function wrap(words: readonly string[], separator: string, width: number): string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + separator.length + word.length <= width) {
      lines[lines.length - 1] = `${last}${separator}${word}`
    } else lines.push(word)
  }
  return lines
}

/** Breaks sentences into lines that fit, between words. */
export const fold = (text: string, width: number): string[] => wrap(text.split(' '), ' ', width)

/** A playbook's file as one speaks of it: `playbooks/x/deploy.yml` is `deploy`. */
export const playbookName = (file: string): string => /([^/]+?)(\.ya?ml)?$/.exec(file)?.[1] ?? file
