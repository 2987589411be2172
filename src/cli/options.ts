import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'

export const FORMATS = ['text', 'json', 'jsonl'] as const
export type Format = (typeof FORMATS)[number]

/** The options many verbs share, as commander hands them to an action. A verb has those it asked for. */
export interface GlobalOptions {
  readonly inventory?: string
  readonly limit?: string
  readonly tags?: readonly string[]
  readonly extraVars?: readonly string[]
  readonly forks?: number
  readonly format?: Format
  /** How often -v was given. */
  readonly verbose: number
  readonly color: boolean
}

/** The inventory of a verb: the argument, else `-i`, else `inventory.yml` in this folder. */
export const inventoryFile = (
  argument: string | undefined,
  options: { readonly inventory?: string },
): string => argument ?? options.inventory ?? 'inventory.yml'

/** A whole number from 1 up. */
export const count = (text: string): number => {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new InvalidArgumentError('write a whole number from 1 up.')
}

const words = (text: string, before: readonly string[] = []): string[] => [
  ...before,
  ...text.split(',').filter((word) => word !== ''),
]

const each = (text: string, before: readonly string[] = []): string[] => [...before, text]

/** Adds `-i`. The verb declares the argument `[inventory]` itself, where it belongs among its others. */
export const withInventory = (command: Command): Command =>
  command.option('-i, --inventory <file>', 'the inventory; default: inventory.yml in this folder')

/** Adds `--limit` and `--forks`, for verbs that contact hosts. */
export const withHosts = (command: Command): Command =>
  command
    .option('--limit <pattern>', 'only these hosts, as an Ansible host pattern')
    .option('--forks <n>', 'hosts worked on at the same time', count)

/** Adds `--tags` and what else chooses tasks and their variables, for verbs that run tasks. */
export const withTags = (command: Command): Command =>
  command
    .option('--tags <tags>', 'only tasks with one of these tags, separated by commas', words)
    .option('--skip-tags <tags>', 'no task with one of these tags', words)
    .option('--list-tasks', 'list the tasks that would be carried out, and contact nobody')
    .option('--list-tags', 'list the tags of the playbook, and contact nobody')
    .option(
      '-e, --extra-vars <vars>',
      'variables over all others: NAME=VALUE, a map as YAML or JSON, or @FILE',
      each,
    )

/** Adds `--format`. */
export const withFormat = (command: Command, formats: readonly Format[] = FORMATS): Command =>
  command.addOption(
    new Option('--format <format>', 'how the result is printed').choices(formats).default('text'),
  )

/** Adds `-v` and `--no-color`; every verb has them, added by `dispatch`. */
export const withOutput = (command: Command): Command =>
  command
    .option('-v, --verbose', 'say more; twice: still more', (_: unknown, before: number) => before + 1, 0)
    .option('--no-color', 'no colours')
