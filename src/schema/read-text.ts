import { readFileSync, statSync } from 'node:fs'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'

/** The text of a file, or why it cannot be read as one: another encoding than UTF-8, a folder, no right, links in a circle. */
export function readTextFile(file: string): string | Diagnostic {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    return unreadable(file, error)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return notUtf8(file, bytes)
  }
}

/** What is at a path; a link that leads nowhere but in a circle counts as a file: reading it says what is wrong. */
export function kindOf(path: string): 'file' | 'folder' | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat && (stat.isDirectory() ? 'folder' : 'file')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ELOOP' || code === 'EACCES') return 'file'
    if (code === 'ENAMETOOLONG') return undefined
    throw error
  }
}

const WHY: Readonly<Record<string, readonly [string, string]>> = {
  ELOOP: ['its symbolic links lead in a circle', 'remove the link, or point it to a file'],
  EACCES: ['this account may not read it', 'chmod u+r, or run hactl as its owner'],
  EISDIR: ['it is a folder', 'name a file'],
  ENOENT: ['it does not exist', 'check the path'],
  ENAMETOOLONG: ['its name is too long', 'give it a shorter name'],
}

/** What a failed call to the file system means to a user; other errors are thrown again. */
export function unreadable(file: string, error: unknown): Diagnostic {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  const known = WHY[code]
  if (!known) throw error
  return problem('yaml/unreadable', `${file} cannot be read: ${known[0]}`, { hint: known[1] })
}

function notUtf8(file: string, bytes: Buffer): Diagnostic {
  if (bytes[0] === 0xff || bytes[0] === 0xfe) {
    const hint = `iconv -f UTF-16 -t UTF-8 ${file}`
    const at = { file, line: 1, col: 1 }
    return problem('yaml/encoding', `${file} is written in UTF-16, and must be UTF-8`, { at, hint })
  }
  // What decodes to the replacement character first is where the other encoding begins.
  const before = bytes.toString('utf8').split('\uFFFD')[0] ?? ''
  const lines = before.split('\n')
  const at = { file, line: lines.length, col: (lines.at(-1) ?? '').length + 1 }
  return problem('yaml/encoding', `${file} is not UTF-8: a byte here belongs to another encoding`, {
    at,
    hint: `when it is Latin-1: iconv -f ISO-8859-1 -t UTF-8 ${file}`,
  })
}
