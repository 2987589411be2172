import type { Rule as RuleOf, Say as SayOf } from '../../cluster/say.ts'
import type { Member, View } from './view.ts'

export type Say = SayOf<View>
export type Rule = RuleOf<View>

/** Members that could be read. */
export const reached = ({ members }: View): readonly Member[] => members.filter(({ reading }) => reading)

/** Patroni answers there. */
export const isManaged = ({ reading }: Member): boolean => reading?.rest !== undefined

/** Neither Patroni nor PostgreSQL runs on any member that was read, and nothing failed: an operator stopped them. */
export const isStopped = (view: View): boolean =>
  reached(view).length > 0 &&
  reached(view).every(
    (member) => !member.server && !isManaged(member) && member.reading?.patroni === 'inactive',
  )
