import { dispatch } from './dispatch.ts'
import { VERBS } from './verbs.ts'

/** Runs a verb by its name and ends the process. What the one file of a built package (`dist/hactl.cjs`) exports. */
export async function enter(name: string, argv: readonly string[]): Promise<void> {
  const verb = VERBS.find((entry) => entry.name === name)
  if (!verb) throw new Error(`verb ${name} vanished`)
  await dispatch(verb, argv)
}
