import { warning } from '../../cluster/problem.ts'
import { listed } from '../../cluster/say.ts'
import type { Rule } from './say.ts'

/** Versions of etcd, Patroni and PostgreSQL that differ between hosts. */
export const versions: Rule = ({ view, run }) => {
  const readings = [...view.readings]
  const kinds: readonly (readonly [string, readonly (readonly [string, string | undefined])[]])[] = [
    ['etcd', readings.map(([name, { etcd }]) => [name, etcd?.version])],
    ['Patroni', readings.map(([name, { rest }]) => [name, rest?.patroni?.version])],
    ['PostgreSQL', readings.map(([name, { server }]) => [name, server?.version])],
  ]
  return kinds.flatMap(([what, all]) => {
    const found = all.filter(([, version]) => version !== undefined && version !== '')
    if (new Set(found.map(([, version]) => version)).size < 2) return []
    const list = listed(found.map(([name, version]) => `${version} on ${name}`))
    return [
      warning('versions/differ', `${what} is not the same everywhere: ${list}.`, {
        next: run('minor-upgrade'),
      }),
    ]
  })
}
