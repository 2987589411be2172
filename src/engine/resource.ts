import type { Resource } from './probe.ts'

const split = (resource: Resource): readonly [string, string] => {
  const colon = resource.indexOf(':')
  return [resource.slice(0, colon), resource.slice(colon + 1)]
}

/**
 * Whether changing `touched` may change what was read from `read`. A file stands for everything below it, with `/.` at
 * its end for itself alone; `kind:*` for all of a kind.
 */
export function touches(touched: Resource, read: Resource): boolean {
  const [kind, id] = split(touched)
  const [readKind, readId] = split(read)
  if (kind !== readKind) return false
  if (id === '*' || readId === '*' || id === readId) return true
  if (id.endsWith('/.')) return id === `${readId}/.`
  return kind === 'file' && readId.startsWith(id.endsWith('/') ? id : `${id}/`)
}

/** Whether any of the touched resources concerns any of the read ones; undefined stands for everything. */
export function anyTouches(
  touched: readonly Resource[] | undefined,
  read: readonly Resource[] | undefined,
): boolean {
  if (touched === undefined) return true
  if (read === undefined) return touched.length > 0
  return touched.some((t) => read.some((r) => touches(t, r)))
}
