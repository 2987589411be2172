import type { Problem } from '../../cluster/status.ts'
import type { View } from './view.ts'

/** What a rule may say, and the commands it may name. */
export interface Say {
  readonly view: View
  /** `hactl run cleanup inventory.yml`. */
  readonly run: (runbook: string, options?: string) => string
}

export type Rule = (say: Say) => readonly Problem[]

/** What the operator did keeps everything down; then only that is said. */
export const isStopped = ({ crm, facts }: View): boolean =>
  crm !== undefined && (crm.stopAll || crm.disabled.includes(facts.agent.clone))
