import { EXIT, HactlError } from '../diag/diagnostic.ts'
import type { Connect } from './transport.ts'

/** Opens a session of the kind the inventory asks for. What a kind needs is loaded only when it is used. */
export const connect: Connect = async (spec, options) => {
  if (spec.problems && spec.problems.length > 0) throw new HactlError(spec.problems, EXIT.unreachable)
  switch (spec.kind) {
    case 'local': {
      const { connectLocal } = await import('./local.ts')
      return connectLocal(spec, options)
    }
    case 'ssh': {
      const { connectSsh } = await import('./ssh.ts')
      return connectSsh(spec, options)
    }
  }
}
