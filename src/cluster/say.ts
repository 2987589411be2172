import type { Problem } from './status.ts'

/** Commands as an operator types them, with the inventory's file in them. */
export interface Commands {
  readonly run: (runbook: string, options?: string) => string
  readonly apply: (options?: string) => string
  /** For what passes by itself. */
  readonly watch: string
  readonly ssh: (host: string, command?: string) => string
  readonly exec: (host: string, command: string, as?: string) => string
}

/** The commands for an inventory. */
export const commandsFor = (inventory: string): Commands => ({
  run: (runbook, options) =>
    ['hactl run', runbook, inventory, ...(options === undefined ? [] : [options])].join(' '),
  apply: (options) => ['hactl apply', inventory, ...(options === undefined ? [] : [options])].join(' '),
  watch: `hactl status ${inventory} --watch`,
  ssh: (host, command) => `hactl ssh ${host} -i ${inventory}${command === undefined ? '' : ` -- ${command}`}`,
  exec: (host, command, as) =>
    `hactl exec ${host} -i ${inventory}${as === undefined ? '' : ` --as ${as}`} -- ${command}`,
})

/** What a rule of the status judges, and the commands it may name. */
export type Say<View> = Commands & { readonly view: View }

/** One rule of the status. Pure. */
export type Rule<View> = (say: Say<View>) => readonly Problem[]

/** Everything that rules find in a view, what is critical first. Pure. */
export const judged = <View>(
  rules: readonly Rule<View>[],
  view: View,
  commands: Commands,
): readonly Problem[] =>
  rules
    .flatMap((rule) => rule({ view, ...commands }))
    .toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'))

/** `pg1`, `pg1 and pg2`, `pg1, pg2 and pg3`. */
export const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`
