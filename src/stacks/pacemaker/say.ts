import type { Rule as RuleOf, Say as SayOf } from '../../cluster/say.ts'
import type { View } from './view.ts'

export type Say = SayOf<View>
export type Rule = RuleOf<View>
