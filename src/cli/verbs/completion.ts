import type { Command } from 'commander'
import { HactlError, problem } from '../../diag/diagnostic.ts'
import { collectWords, completionScript, isShell, SHELLS, valuesOf } from '../completion.ts'
import { out, print } from '../io.ts'
import { withOutput } from '../options.ts'
import { VERBS } from '../verbs.ts'

/** `hactl completion SHELL`: a script to source in the shell's start-up file. */
export function configure(command: Command): void {
  command
    .argument('<shell>', SHELLS.join(', '))
    // The scripts themselves ask `completion values VERB` for runbooks and labs.
    .argument('[verb]', 'only for the scripts')
    .addHelpText(
      'after',
      '\nIn ~/.bashrc:                     source <(hactl completion bash)' +
        '\nIn ~/.zshrc, after compinit:      source <(hactl completion zsh)' +
        '\nIn ~/.config/fish/config.fish:    hactl completion fish | source',
    )
    .action(async (shell: string, verb: string | undefined) => {
      if (shell === 'values') return print(...(await valuesOf(verb ?? '')))
      if (isShell(shell)) return out(completionScript(shell, await collectWords(VERBS, withOutput)))
      throw new HactlError(
        problem('cli/unknown-shell', `no completion for the shell "${shell}"`, {
          hint: `there is one for ${SHELLS.join(', ')}`,
        }),
      )
    })
}
