import { inspect } from 'node:util'

export const MASK = '••••'

/**
 * A value that must never be shown. It prints as `••••` in templates, JSON, `console.log` and string
 * concatenation; only the transport calls `reveal`, and only for standard input and file contents.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The plain text. Call it only where the value leaves hactl. */
  reveal(): string {
    return this.#value
  }

  /** A secret made from this one, e.g. quoted for SQL. */
  map(change: (plain: string) => string): Secret {
    return new Secret(change(this.#value))
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [inspect.custom](): string {
    return MASK
  }
}

/** Text that may hold a secret: allowed as a file's content and on standard input, never in an argument list. */
export type Text = string | Secret

/** The plain text of either kind. */
export const reveal = (text: Text): string => (text instanceof Secret ? text.reveal() : text)

/** Applies a change to the text and keeps it secret when it was. */
export const mapText = (text: Text, change: (plain: string) => string): Text =>
  text instanceof Secret ? text.map(change) : change(text)

/** Joins texts; the result is secret when any part is. */
export function joinText(parts: readonly Text[], separator = ''): Text {
  const joined = parts.map(reveal).join(separator)
  return parts.some((part) => part instanceof Secret) ? new Secret(joined) : joined
}

/**
 * Replaces every known secret in a text that came from outside (a command's output, an error message).
 * Values shorter than four characters are left alone: masking them would only garble the text.
 */
export function masker(secrets: readonly Secret[]): (text: string) => string {
  const plain = [...new Set(secrets.flatMap((secret) => [secret.reveal(), ...secret.reveal().split('\n')]))]
    .filter((value) => value.length >= 4)
    .sort((a, b) => b.length - a.length)
  return (text) => plain.reduce((masked, value) => masked.replaceAll(value, MASK), text)
}
