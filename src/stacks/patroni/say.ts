import type { Problem } from '../../cluster/status.ts'
import type { Member, View } from './view.ts'

/** What a rule may say, and the commands it may name. */
export interface Say {
  readonly view: View
  /** `hactl run switchover inventory.yml`. */
  readonly run: (runbook: string, options?: string) => string
  /** `hactl apply inventory.yml`. */
  readonly apply: string
  /** `hactl status inventory.yml --watch`: for what passes by itself. */
  readonly watch: string
}

export type Rule = (say: Say) => readonly Problem[]

/** Members that could be read. */
export const reached = ({ members }: View): readonly Member[] => members.filter(({ reading }) => reading)

/** `pg1`, `pg1 and pg2`, `pg1, pg2 and pg3`. */
export const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`

/** Patroni answers there. */
export const isManaged = ({ reading }: Member): boolean => reading?.rest !== undefined

/** Neither Patroni nor PostgreSQL runs on any member that was read, and nothing failed: an operator stopped them. */
export const isStopped = (view: View): boolean =>
  reached(view).length > 0 &&
  reached(view).every(
    (member) => !member.server && !isManaged(member) && member.reading?.patroni === 'inactive',
  )
