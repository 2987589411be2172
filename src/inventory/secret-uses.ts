import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface SecretUse {
  /** The name after `secrets.`, with dots when nested. */
  readonly name: string
  readonly file: string
  readonly line: number
  /** The line itself, trimmed. */
  readonly text: string
}

const USE = /\bsecrets\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)/g

/** Places in a text that refer to a secret inside `{{ }}`. */
export function usesIn(text: string, file: string): readonly SecretUse[] {
  return text.split('\n').flatMap((line, index) =>
    line.trimStart().startsWith('#')
      ? []
      : [...line.matchAll(/\{\{.*?\}\}/g)].flatMap(([template]) =>
          [...template.matchAll(USE)].map((match) => ({
            name: match[1] ?? '',
            file,
            line: index + 1,
            text: line.trim(),
          })),
        ),
  )
}

/** Places in the YAML files and templates below some folders that refer to a secret; absent folders are skipped. */
export function findSecretUses(folders: readonly string[]): readonly SecretUse[] {
  return folders.flatMap((folder) => {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(
        (name) => /\.(ya?ml|hbs)$/.test(name) && !name.includes('node_modules') && !name.endsWith('.age.yml'),
      )
      .sort()
      .flatMap((name) => usesIn(readFileSync(join(folder, name), 'utf8'), join(folder, name)))
  })
}
