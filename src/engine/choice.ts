import { HactlError, problem, type Diagnostic } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import type { Playbook } from './playbook.ts'

/** The tasks of a playbook that a run shall carry out. */
export interface Choice {
  readonly tags?: readonly string[]
  readonly skipTags?: readonly string[]
  readonly startAt?: string
}

/** Throws HactlError when a choice names a tag or a task that the playbook does not have: nothing would be done in silence. */
export function checkChoice(playbook: Playbook, { tags = [], skipTags = [], startAt }: Choice): void {
  const tasks = playbook.plays.flatMap((play) => [...play.tasks, ...play.handlers])
  const known = new Set(tasks.flatMap((task) => task.tags))
  const names = playbook.plays.flatMap((play) => play.tasks.map((task) => task.name))
  const wrong = [
    ...tags
      .filter((tag) => tag !== 'always' && !known.has(tag))
      .map((tag) => unknownTag('--tags', tag, known)),
    ...skipTags.filter((tag) => !known.has(tag)).map((tag) => unknownTag('--skip-tags', tag, known)),
    ...(startAt === undefined || names.includes(startAt) ? [] : [unknownTask(startAt, names)]),
  ]
  if (wrong.length > 0) throw new HactlError(wrong)
}

function unknownTag(option: string, tag: string, known: ReadonlySet<string>): Diagnostic {
  const close = suggest(tag, known)
  const list = known.size === 0 ? 'the playbook has no tags' : `tags: ${[...known].toSorted().join(', ')}`
  const hint = close ? `did you mean "${close}"?` : list
  return problem('playbook/unknown-tag', `${option}: no task has the tag "${tag}"`, { hint })
}

function unknownTask(name: string, names: readonly string[]): Diagnostic {
  const part = names.find((each) => each.toLowerCase().includes(name.toLowerCase()))
  const close = suggest(name, names) ?? part
  const hint = close ? `did you mean "${close}"?` : 'take the name of a task as the playbook has it'
  return problem('playbook/unknown-task', `--start-at: no task is called "${name}"`, { hint })
}
