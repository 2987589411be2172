import type { Static } from 'typebox'
import { defineAction } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { runWith } from '../../engine/step.ts'
import { Type } from '../../lib/type.ts'
import { CIB, readCib } from './cib.ts'
import { leftovers } from './constraint.ts'
import { askCrmMon } from './crm-mon.ts'
import { name } from './values.ts'

const args = Type.Object({
  resource: name('The promotable clone.'),
  node: Type.String({ description: 'Node that gets the promoted role.', pattern: '^[A-Za-z0-9_.-]+$' }),
  lifetime: Type.String({
    description:
      'How long the move constraint holds should hactl be cut off before it removes it (ISO 8601 duration).',
    pattern: '^PT[0-9]+[HMS]$',
    default: 'PT5M',
  }),
  settle: Type.Integer({
    description:
      'Seconds the cluster may take at most to carry out the move; it ends when the role has moved.',
    default: 300,
    minimum: 1,
  }),
})
type Args = Static<typeof args>

/**
 * Older leftovers go first. The constraint is removed however this ends; if the host dies, it expires. 108
 * (EEXIST): the role is there already. Version 2.0 and older say --master. The cluster may be at something else for long
 * after the role has moved (124: not at rest in time): then it has moved all the same.
 */
const SCRIPT = `resource=$1 node=$2 lifetime=$3 settle=$4
flag=--master
crm_resource --help-all 2>/dev/null | grep -q -e --promoted && flag=--promoted
crm_resource --clear --resource "$resource" >/dev/null || exit
trap 'crm_resource --clear --resource "$resource" >/dev/null' EXIT
trap 'exit 143' HUP INT TERM
crm_resource --move --resource "$resource" --node "$node" "$flag" --lifetime "$lifetime"
code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 108 ] || exit "$code"
there() { crm_resource --locate --resource "$resource" 2>/dev/null | grep -q -E ": $node (Promoted|Master)$"; }
end=$(($(date +%s) + settle))
while crm_resource --wait --timeout=20; code=$?; [ "$code" -ne 0 ]; do
  ! there || break
  [ "$code" -eq 124 ] || exit "$code"
  [ "$(date +%s)" -lt "$end" ] || break
done
there && exit 0
echo "the cluster did not promote $resource on $node: see whether the node is online and may be promoted" >&2
exit 1`

/** Why the move is not done: the role is elsewhere, or a constraint of an earlier move is still there. */
const reason = async (probe: Probe, { resource, node }: Args): Promise<string | undefined> => {
  const [answer, root] = await Promise.all([askCrmMon(probe), readCib(probe)])
  if (answer.kind === 'none') throw new NotYet(answer.why)
  const copies = answer.status.resources.filter(({ parent }) => parent === resource)
  const promoted = copies.filter(({ role }) => role === 'Promoted').flatMap(({ nodes }) => nodes)
  if (promoted.join() !== node) return `${resource} is promoted on ${promoted.join(', ') || 'no node'}`
  const names = new Set([resource, ...copies.map(({ id }) => id)])
  const left = leftovers(root).filter((ban) => names.has(ban.resource))
  return left.length > 0 ? `constraints left behind: ${left.map(({ id }) => id).join(', ')}` : undefined
}

/** Moves the promoted role. */
export const pcsMove = defineAction({
  name: 'pcs_move',
  about: 'Move the promoted role of a clone to a node and leave no constraint behind.',
  args,
  examples: ['pcs_move: { resource: pgsql-clone, node: pg2 }'],
  label: ({ resource, node }) => `${resource} to ${node}`,
  done: async (probe, all) => (await reason(probe, all)) === undefined,
  steps: ({ resource, node, lifetime, settle }) => [
    runWith(
      { impact: 'switchover', timeoutMs: (settle + 60) * 1000 },
      'sh',
      '-c',
      SCRIPT,
      'pcs-move',
      resource,
      node,
      lifetime,
      String(settle),
    ),
  ],
  explain: async (probe, all) => (await reason(probe, all)) ?? 'it has happened meanwhile',
  touches: () => [CIB],
  timeoutMs: 60_000,
})
