import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url))

/** The package's playbooks and templates that a stack uses: its own, and the common ones. */
export const packageFolders = (stack: string): readonly string[] =>
  ['playbooks', 'templates'].flatMap((kind) =>
    ['common', 'postgres', stack].map((name) => join(PACKAGE, kind, name)),
  )
