import { defineFact } from '../../engine/module.ts'
import { askCib } from './cib.ts'
import { constraintsOf, leftovers, prefixOf } from './constraint.ts'

/** Constraints that move and ban commands left behind; an empty list where no cluster runs. */
export const leftBans = defineFact({
  name: 'pcs.left_bans',
  about: 'Constraints `cli-*` that a move or ban left behind: id, resource, node, score, until.',
  async read(probe) {
    const cib = await askCib(probe)
    return cib.kind === 'cib' ? leftovers(cib.root) : []
  },
})

/** Constraints that neither hactl nor a move command made. */
export const foreignConstraints = defineFact({
  name: 'pcs.foreign_constraints',
  about: 'Ids of constraints that were made by others and that hactl leaves alone.',
  async read(probe) {
    const cib = await askCib(probe)
    if (cib.kind === 'none') return []
    const moves = new Set(leftovers(cib.root).map(({ id }) => id))
    const ids = constraintsOf(cib.root).map(({ id }) => id)
    return ids.filter((id) => !moves.has(id) && !id.startsWith(prefixOf('hactl')))
  },
})
