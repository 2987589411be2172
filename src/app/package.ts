import { join, resolve } from 'node:path'

/** The folder of the package: playbooks, templates and inventories lie below it. */
export const PACKAGE = resolve(import.meta.dirname, '../..')

/** The package's playbooks and templates that a stack uses: its own, and the common ones. */
export const packageFolders = (stack: string): readonly string[] =>
  ['playbooks', 'templates'].flatMap((kind) =>
    ['common', 'postgres', stack].map((name) => join(PACKAGE, kind, name)),
  )
