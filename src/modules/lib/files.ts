import { createHash } from 'node:crypto'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Probe, Resource } from '../../engine/probe.ts'
import { run } from '../../engine/step.ts'
import type { PutStep, Step } from '../../engine/step.ts'
import { reveal, Secret } from '../../lib/secret.ts'
import type { Text } from '../../lib/secret.ts'
import { sha256 } from '../readings/sha256.ts'
import { stat } from '../readings/stat.ts'
import type { Stat } from '../readings/stat.ts'
import { text } from '../readings/text.ts'

/** Who may do what with a file, as modules compare it. */
export interface Access {
  readonly owner?: string
  readonly group?: string
  readonly mode?: string
}

/** A file as `template`, `copy` and the line editors compare it. */
export interface FileState extends Access {
  readonly [field: string]: unknown
  readonly type: Stat['type']
  readonly content?: Text
  /** Of the content read; `absent` when there is no file. Guards the write. */
  readonly sha256: string
  /** Sha256 of the local file, where it is streamed and so compared by its hash alone. */
  readonly source?: string
}

export const sha256Of = (content: Text): string => createHash('sha256').update(reveal(content)).digest('hex')

/** `644` and `0644` are the same mode. */
export const fourDigits = (mode: string): string => mode.padStart(4, '0')

const numeric = (name: string | undefined): boolean => name !== undefined && /^\d+$/.test(name)

/** What a path's owner, group and mode are, in the terms of the wanted ones (numbers for numbers). */
export const accessOf = (found: Stat, wanted: Access): Required<Access> => ({
  owner: numeric(wanted.owner) ? String(found.uid) : found.owner,
  group: numeric(wanted.group) ? String(found.gid) : found.group,
  mode: found.mode,
})

/** The wanted fields of owner, group and mode alone. */
export const wantedAccess = ({ owner, group, mode }: Access): Access => ({
  ...(owner !== undefined && { owner }),
  ...(group !== undefined && { group }),
  ...(mode !== undefined && { mode: fourDigits(mode) }),
})

/**
 * Reads a file without fetching it when it already has the wanted content: its hash answers. Otherwise the
 * text is read for the diff, and stays secret when the wanted content is.
 */
export async function readFile(probe: Probe, path: string, wanted: Text, access: Access): Promise<FileState> {
  const [found, sum] = await Promise.all([probe.ask(stat, path), probe.ask(sha256, path)])
  if (found.type === 'absent') return { type: 'absent', sha256: 'absent' }
  const state = { type: found.type, ...accessOf(found, access) }
  if (found.type !== 'file' || sum === undefined) return { ...state, sha256: '' }
  if (sum === sha256Of(wanted)) return { ...state, content: wanted, sha256: sum }
  return { ...state, content: await readText(probe, path, wanted instanceof Secret), sha256: sum }
}

async function readText(probe: Probe, path: string, secret: boolean): Promise<Text> {
  const old = await probe.ask(text, path)
  if (old.kind === 'text') return secret ? new Secret(old.text) : old.text
  return old.kind === 'absent' ? '' : `(${old.kind} file of ${old.size} bytes, not shown)\n`
}

/** Reads a whole file that is to be edited. Throws HactlError when it is too big or no text. */
export async function readForEdit(
  probe: Probe,
  path: string,
  access: Access,
  secret: boolean,
): Promise<FileState> {
  const [found, old] = await Promise.all([probe.ask(stat, path), probe.ask(text, path)])
  if (found.type === 'absent') return { type: 'absent', sha256: 'absent' }
  const state = { type: found.type, ...accessOf(found, access) }
  if (found.type !== 'file' || old.kind === 'absent') return { ...state, sha256: '' }
  if (old.kind !== 'text') {
    const summary = `${path} is ${old.kind === 'binary' ? 'not a text file' : 'too big to edit'} (${old.size} bytes)`
    throw new HactlError(problem('file/not-editable', summary), EXIT.failed)
  }
  return { ...state, content: secret ? new Secret(old.text) : old.text, sha256: sha256Of(old.text) }
}

/** Steps that bring owner, group and mode of an existing path to the wanted ones. */
export function accessSteps(path: string, from: Access, to: Access): Step[] {
  const steps: Step[] = []
  const owner = to.owner !== undefined && to.owner !== from.owner ? to.owner : ''
  const group = to.group !== undefined && to.group !== from.group ? `:${to.group}` : ''
  if (owner || group) steps.push(run('chown', '-h', '--', `${owner}${group}`, path))
  // After chown, which clears the setuid bits.
  if (to.mode !== undefined && (to.mode !== from.mode || steps.length > 0)) {
    steps.push(run('chmod', '--', to.mode, path))
  }
  return steps
}

/** Steps that write the content, or only mend owner, group and mode when the content is right already. */
export function writeSteps(
  path: string,
  from: FileState,
  to: Partial<FileState>,
  validate?: readonly string[],
): Step[] {
  if (to.content === undefined) return accessSteps(path, from, to)
  if (from.content !== undefined && reveal(from.content) === reveal(to.content)) {
    return accessSteps(path, from, to)
  }
  const { owner = from.owner, group = from.group, mode = from.mode } = to
  const put: PutStep = {
    kind: 'put',
    path,
    content: to.content,
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
    ...(mode !== undefined && { mode }),
    ...(validate && { validate }),
    expect: from.sha256,
  }
  return [put]
}

/** Files from which systemd, the account database or the package manager read what other readings tell. */
const MEANS: readonly (readonly [RegExp, readonly Resource[]])[] = [
  [/^\/(etc|run|usr\/lib|lib|usr\/local\/lib)\/systemd\//, ['unit:*']],
  [/^\/etc\/init\.d\//, ['unit:*']],
  [/^\/etc\/(passwd|shadow)$/, ['user:*']],
  [/^\/etc\/group$/, ['group:*', 'user:*']],
  [/^\/etc\/(apt|yum\.repos\.d|dnf)(\/|$)/, ['package:*']],
]

/** What writing a path may change: the path, and what is read from it by other means. */
export const fileTouches = (path: string): readonly Resource[] => [
  `file:${path}`,
  ...MEANS.flatMap(([pattern, resources]) => (pattern.test(path) ? resources : [])),
]

/** Why a path cannot be written as a regular file, if it cannot. */
export function notAFile(path: string, type: Stat['type']) {
  if (type === 'file' || type === 'absent') return undefined
  return problem('file/wrong-type', `${path} is ${type === 'other' ? 'no regular file' : `a ${type}`}`, {
    hint:
      type === 'symlink'
        ? 'symlinks are not followed: name the file it points to, or remove the link first with `file: { path, state: absent }`'
        : 'choose another path, or remove what is there',
  })
}
