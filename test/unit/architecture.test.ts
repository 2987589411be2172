import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** Top floor first: a file imports its own folder and lower floors, never a higher one. */
const FLOORS = [
  'cli',
  'report',
  'lab',
  'stacks',
  'cluster',
  'modules',
  'engine',
  'template',
  'inventory',
  'transport',
  'schema',
  'diag',
  'lib',
]

/** The one floor that may import an npm package. `typebox` is the schema language and allowed everywhere. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  commander: ['cli'],
  listr2: ['report'],
  handlebars: ['template'],
  ssh2: ['transport'],
  'age-encryption': ['inventory'],
  ajv: ['schema'],
  'ajv-formats': ['schema'],
  yaml: ['schema'],
  pg: ['cluster'],
  uplot: ['report'],
  typebox: FLOORS,
}

const SRC = resolve(import.meta.dirname, '../../src')
const ROOT = resolve(SRC, '..')

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(SRC, name))

/** What a file imports: `import`/`export … from` at the start of a line, and lazy `import()` or `require`. */
const IMPORT =
  /^(?:(?:import|export|\})[^'\n]*\bfrom|import) '([^']+)'|\b(?:import|load|require)\(\s*'([^']+)'\)/gm

const imports = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '')

const floorOf = (file: string): string => relative(SRC, file).split('/')[0] ?? ''

test.each(files.map((file) => [relative(SRC, file), file]))(
  '%s imports only its own or lower floors',
  (_, file) => {
    const own = FLOORS.indexOf(floorOf(file))
    expect(own, `${floorOf(file)} is a floor`).toBeGreaterThanOrEqual(0)
    for (const name of imports(file).filter((name) => name.startsWith('.'))) {
      const target = FLOORS.indexOf(floorOf(resolve(file, '..', name)))
      expect(target, `${name} from ${relative(SRC, file)}`).toBeGreaterThanOrEqual(own)
    }
  },
)

test.each(files.map((file) => [relative(SRC, file), file]))(
  '%s imports packages only at their home',
  (_, file) => {
    for (const name of imports(file).filter((name) => !name.startsWith('.') && !name.startsWith('node:'))) {
      const pkg = name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? '')
      expect(HOMES[pkg], `${pkg} has a home`).toContain(floorOf(file))
    }
  },
)

const stacks = readdirSync(join(SRC, 'stacks'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

test.each(stacks)('the name of stack %s stays in its homes', (stack) => {
  const strangers = files.filter(
    (file) =>
      !file.includes(`/stacks/${stack}/`) &&
      !file.endsWith('/stacks/index.ts') &&
      // These drive the program of the same name, whichever stack uses it.
      !file.includes('/modules/pcs/') &&
      !file.includes(`/modules/${stack}/`) &&
      !file.endsWith('/modules/lazy.ts') &&
      new RegExp(`\\b${stack}\\b`, 'i').test(readFileSync(file, 'utf8').replaceAll(/^\s*(\*|\/\/).*$/gm, '')),
  )
  expect(strangers.map((file) => relative(ROOT, file))).toEqual([])
})
