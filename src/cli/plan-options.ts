import type { Command } from 'commander'
import { withFormat, withHosts, withInventory, withTags } from './options.ts'

/** Options that plan, apply and run share. */
export const withPlan = (command: Command): Command =>
  withFormat(withTags(withHosts(withInventory(command))))
    .option('--cluster <name>', 'only this cluster of the inventory')
    .option('--playbook <file>', 'this playbook instead of the deployment of the cluster’s stack')
    .option('--start-at <task>', 'begin at the task of this name')
    .option('--diff', 'show the differences of files line by line')
    .option('--secrets-key <file>', 'the age key of the encrypted secrets')
