import { Secret } from '../lib/secret.ts'

const TOKEN = /\uE000(\d+)\uE001/g

/** Swaps secrets for tokens and back, so that text glued together by a template shows whether one went in. */
export interface Sealer {
  /** The same value with every Secret in it replaced by a token. */
  seal(value: unknown): unknown
  /** A string with tokens becomes a Secret; anything else stays. */
  unseal(value: unknown): unknown
  /** The same for everything inside a value. */
  unsealAll(value: unknown): unknown
}

/** Makes a sealer; tokens are known only to the one that made them. */
export function createSealer(): Sealer {
  const tokens: Secret[] = []
  const sealed = new WeakMap<object, unknown>()

  const seal = (value: unknown): unknown => {
    if (value instanceof Secret) return `\uE000${tokens.push(value) - 1}\uE001`
    if (typeof value !== 'object' || value === null) return value
    const known = sealed.get(value)
    if (known !== undefined) return known
    const copy = mapInside(value, seal)
    sealed.set(value, copy)
    return copy
  }

  const unseal = (value: unknown): unknown => {
    if (typeof value !== 'string' || !value.includes('\uE000')) return value
    return new Secret(value.replaceAll(TOKEN, (_, index: string) => tokens[Number(index)]?.reveal() ?? ''))
  }

  const unsealAll = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !(value instanceof Secret)
      ? mapInside(value, unsealAll)
      : unseal(value)

  return { seal, unseal, unsealAll }
}

const mapInside = (value: object, change: (item: unknown) => unknown): unknown =>
  Array.isArray(value)
    ? value.map(change)
    : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]))
