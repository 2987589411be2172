import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** `~/` as the user's home. */
export const expandHome = (path: string): string =>
  path.startsWith('~/') ? join(homedir(), path.slice(2)) : path

const globToRegExp = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  )

/** Whether a name matches a list of ssh patterns: `*`, `?`, and `!` which excludes. */
export function matchesPatterns(name: string, patterns: readonly string[]): boolean {
  let matched = false
  for (const pattern of patterns) {
    const negated = pattern.startsWith('!')
    if (!globToRegExp(negated ? pattern.slice(1) : pattern).test(name)) continue
    if (negated) return false
    matched = true
  }
  return matched
}

/** The words of a value; double quotes keep spaces together, `#` begins a comment. */
export function words(value: string): string[] {
  const all = [...value.matchAll(/"([^"]*)"|(\S+)/g)]
  const comment = all.findIndex((match) => match[2]?.startsWith('#'))
  return all.slice(0, comment < 0 ? undefined : comment).map((match) => match[1] ?? match[2] ?? '')
}

/** The names in a folder that a part of a path stands for; as in a shell, a leading dot must be written. */
function namesFor(folder: string, part: string): string[] {
  const wanted = globToRegExp(part)
  try {
    return readdirSync(folder)
      .filter((name) => wanted.test(name) && (part.startsWith('.') || !name.startsWith('.')))
      .sort()
  } catch {
    return []
  }
}

/** The files of an `Include`: `*` and `?` in any part of the path, which begins in `baseDir` unless it is absolute. */
export function includedFiles(pattern: string, baseDir: string): string[] {
  const expanded = expandHome(pattern)
  const path = isAbsolute(expanded) ? expanded : join(baseDir, expanded)
  return path
    .split('/')
    .filter((part) => part !== '')
    .reduce<string[]>(
      (folders, part) =>
        folders.flatMap((folder) =>
          /[*?]/.test(part) ? namesFor(folder, part).map((name) => join(folder, name)) : [join(folder, part)],
        ),
      ['/'],
    )
}
