import type { RunVerdict } from '../engine/events.ts'
import type { Paint } from './paint.ts'
import { problemLines } from './status-text.ts'

/** How a cluster is: one line, then what is wrong with it and the commands that mend it. */
export function verdictText(
  { cluster, health, problems }: RunVerdict,
  options: { readonly width: number; readonly paint: Paint },
): string {
  const tone = health === 'healthy' ? 'green' : health === 'down' ? 'red' : 'yellow'
  const worstFirst = problems.toSorted(
    (a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical'),
  )
  return [
    `${cluster} is ${options.paint(tone, health)}.`,
    ...worstFirst.flatMap((problem) => problemLines(problem, options)),
    '',
  ].join('\n')
}
