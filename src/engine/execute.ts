import type { Command } from '../transport/transport.ts'
import { AS_OWNER } from './owner-guard.ts'
import { putCommand } from './put.ts'
import type { Step } from './step.ts'

const REMOVE = 'if [ -d "$1" ] && [ ! -L "$1" ]; then rmdir -- "$1"; else rm -f -- "$1"; fi'

/** The one command that a step is on the host; streamed uploads are not commands. */
export function toCommand(step: Exclude<Step, { kind: 'upload' }>, as: string | undefined): Command {
  switch (step.kind) {
    case 'run': {
      const { kind: _kind, impact: _impact, joins: _joins, okCodes, ...command } = step
      return { ...(as !== undefined && { as }), ...command, okCodes: okCodes ?? [0] }
    }
    case 'put':
      return putCommand(step)
    case 'remove':
      return { argv: ['sh', '-c', AS_OWNER, 'hactl-remove', REMOVE, step.path, ''], inline: true }
  }
}

/** The step as a person would type it, for messages and the journal. Secrets cannot be in it by type. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'run':
      return step.argv.map((arg) => (arg.length > 120 ? `${arg.slice(0, 117)}...` : arg)).join(' ')
    case 'put':
      return `write ${step.path}`
    case 'remove':
      return `remove ${step.path}`
    case 'upload':
      return `copy ${step.from} to ${step.path}`
  }
}
