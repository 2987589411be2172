import type { Probe } from '../../engine/probe.ts'
import type { Step, UploadStep } from '../../engine/step.ts'
import { hashOf } from '../../transport/upload.ts'
import { sha256 } from '../readings/sha256.ts'
import { stat } from '../readings/stat.ts'
import { accessOf, accessSteps } from './files.ts'
import type { Access, FileState } from './files.ts'

/** A file on the host, and the hash of the local one that is to be there: neither is kept in memory. */
export async function readBeside(
  probe: Probe,
  path: string,
  from: string,
  access: Access,
): Promise<FileState> {
  const [found, sum, source] = await Promise.all([
    probe.ask(stat, path),
    probe.ask(sha256, path),
    hashOf(from),
  ])
  if (found.type === 'absent') return { type: 'absent', sha256: 'absent', source }
  return { type: found.type, ...accessOf(found, access), sha256: sum ?? '', source }
}

/** Steps that stream the local file, or only mend owner, group and mode when the right content is there. */
export function uploadSteps(
  path: string,
  local: string,
  from: FileState,
  to: Partial<FileState>,
): readonly Step[] {
  if (from.sha256 === from.source) return accessSteps(path, from, to)
  const { owner = from.owner, group = from.group, mode = from.mode } = to
  const step: UploadStep = {
    kind: 'upload',
    from: local,
    path,
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
    ...(mode !== undefined && { mode }),
  }
  return [step]
}
