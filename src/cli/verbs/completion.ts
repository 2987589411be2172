import type { Command } from 'commander'
import { Argument } from 'commander'
import { collectWords, completionScript, SHELLS } from '../completion.ts'
import type { Shell } from '../completion.ts'
import { out } from '../io.ts'
import { withOutput } from '../options.ts'
import { VERBS } from '../verbs.ts'

/** `hactl completion SHELL`: a script to source in the shell's start-up file. */
export function configure(command: Command): void {
  command
    .addArgument(new Argument('<shell>', 'the shell to complete in').choices(SHELLS))
    .addHelpText('after', '\nFor example in ~/.bashrc: source <(hactl completion bash)')
    .action(async (shell: Shell) => {
      await out(completionScript(shell, await collectWords(VERBS, withOutput)))
    })
}
